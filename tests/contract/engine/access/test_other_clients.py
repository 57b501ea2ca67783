"""Clients of others sign in different ways: the engine accepts the signature of each."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.contract.engine.clients.programs import CLIENTS, COMMAND_LINE
from tests.contract.engine.running_engine import OURS, REGION, ROOT

COMMANDS = {"command line": ("bash", "signed.sh"), "SDK for JavaScript": ("node", "signed.mjs")}


def outcomes(engine, client, secret):
    program, script = COMMANDS[client]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PATH": f"{COMMAND_LINE}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{engine.port}",
        "AWS_ACCESS_KEY_ID": OURS[0],
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    done = subprocess.run(
        [program, str(CLIENTS / script)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("client", COMMANDS)
@pytest.mark.honours("ListSchemas", "signatures of the command line and of the SDK for JavaScript are accepted")
def test_what_other_clients_sign_is_taken(closed, client):
    assert outcomes(closed, client, OURS[1]) == [
        "ok",
        "ok",
        "ResourceNotFoundException",
        "InvalidInputException",
    ]


@pytest.mark.parametrize("client", COMMANDS)
@pytest.mark.honours(
    "ListSchemas", "the command line and the SDK for JavaScript report a wrong secret by the error's name"
)
def test_other_clients_get_the_error_of_a_wrong_secret(closed, client):
    assert set(outcomes(closed, client, "x" * 40)) == {"InvalidSignatureException"}
