"""Runs the programs of this folder: clients in other languages, each with the environment of a fresh account."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.contract.engine.running_engine import REGION, ROOT

CLIENTS = Path(__file__).parent
COMMAND_LINE = ROOT / "build" / "env" / "client" / "bin"


def drive(engine, account, command, schemas, data):
    """Return what a client's script prints that works with the folder of schemas and the data in S3."""
    done = run([*command, str(schemas), data], environment_of(engine, account, "secret"))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment_of(engine, key, secret):
    """Return the variables of a client of an engine, without those for the real service."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))},
        "PATH": f"{COMMAND_LINE}{os.pathsep}{os.environ['PATH']}",
        # The configuration for the real service is not used.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{engine.port}",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def run(command, environment):
    """Run a client in the root of the project."""
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
