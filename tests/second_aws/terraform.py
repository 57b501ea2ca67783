"""Both roots, planned, applied, planned again and destroyed against Moto's server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployment.local.cloud import ENVIRONMENTS, free_ports
from deployment.terraform import INFRASTRUCTURE, PROJECT, invocation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT_ID = "123456789012"
REGION = "eu-central-1"
STATE_BUCKET = f"rivulet-{ACCOUNT_ID}-terraform"

BOOTSTRAP_VARIABLES = {
    "region": REGION,
    "account_id": ACCOUNT_ID,
    "repository": "owner/rivulet",
    "environments": ["dev"],
}
# Everything that is optional but the shop: Moto has no response headers policies.
ROOT_VARIABLES = {
    "shop": None,
    "account_id": ACCOUNT_ID,
    "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT_ID}:policy/rivulet-boundary-dev",
    "lambda_archives_directory": "tests/archives/lambda",
    "glue_archives_directory": "tests/archives/glue",
    "monthly_budget_usd": 100,
    "firewall": True,
    "canary": True,
    "training_schedule": "rate(7 days)",
    "alarm_emails": ["on-call@example.com"],
    "operators": [f"arn:aws:iam::{ACCOUNT_ID}:role/on-call"],
    "analysts": [f"arn:aws:iam::{ACCOUNT_ID}:role/analysts"],
    "sagemaker": {
        "image_uri": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/rivulet:1.0",
        "serving": {"model_data_url": f"s3://rivulet-dev-{ACCOUNT_ID}-artifacts/models/model.tar.gz"},
    },
}
# A retry of an action that Moto lacks fails again.
PROVIDER = """
provider "aws" {
  s3_use_path_style = true
  max_retries       = 1
}
"""
# On AWS the states are kept.
REMOVABLE_STATES = """
resource "aws_s3_bucket" "state" {
  force_destroy = true

  lifecycle {
    prevent_destroy = false
  }
}
"""

_START_SECONDS = 300  # it imports every service


@dataclass(frozen=True)
class Outcome:
    """What Terraform reported of one root.

    Parameters
    ----------
    planned, applied, destroyed
        Numbers of resources.
    failed, kept
        Errors of the apply and of the destruction, by address.
    changes
        What the second plan would do, by address, such as ``update logging_config``.
    """

    planned: int
    applied: int
    failed: dict[str, str]
    changes: dict[str, str]
    destroyed: int
    kept: dict[str, str]


def run_both_roots(folder: Path) -> dict[str, Outcome]:
    """Run the commands on a copy of both roots, and return the outcomes by root."""
    shutil.copytree(
        INFRASTRUCTURE, folder / "infrastructure", ignore=shutil.ignore_patterns(".terraform", "*.tfstate*")
    )
    shutil.copytree(PROJECT / "model", folder / "model", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    with _running_server(folder) as endpoint:
        bootstrap = _Root(folder, folder / "infrastructure" / "bootstrap", endpoint, BOOTSTRAP_VARIABLES)
        root = _Root(
            folder, folder / "infrastructure", endpoint, ROOT_VARIABLES, ("-var-file=environments/dev.tfvars",)
        )
        (folder / "infrastructure" / "bootstrap" / "states_override.tf").write_text(REMOVABLE_STATES, "utf-8")
        bootstrap.run("init", "-input=false")
        first = bootstrap.apply()
        backend = (f"bucket={STATE_BUCKET}", "use_path_style=true")
        root.run(
            "init",
            "-input=false",
            "-backend-config=environments/dev.s3.tfbackend",
            *(f"-backend-config={each}" for each in backend),
        )
        second = root.apply()
        outcomes = {"root": root.destroy(second)}
        return {"bootstrap": bootstrap.destroy(first)} | outcomes


@dataclass(frozen=True)
class _Applied:
    planned: int
    applied: int
    failed: dict[str, str]
    changes: dict[str, str]


class _Root:
    def __init__(
        self, folder: Path, root: Path, endpoint: str, variables: dict[str, Any], arguments: tuple[str, ...] = ()
    ) -> None:
        self._folder, self._root, self._endpoint = folder, root, endpoint
        (root / "moto_override.tf").write_text(PROVIDER, "utf-8")
        (root / "moto.tfvars.json").write_text(json.dumps(variables), "utf-8")
        self._arguments = ("-input=false", "-json", "-parallelism=30", *arguments, "-var-file=moto.tfvars.json")

    def apply(self) -> _Applied:
        planned = self._events("plan")
        applied = self._events("apply", "-auto-approve")
        again = self._events("plan", "-out=second.tfplan")
        assert not _errors(again), _errors(again)
        changes = json.loads(self.run("show", "-json", "second.tfplan"))["resource_changes"]
        return _Applied(
            sum(event["type"] == "planned_change" and event["change"]["action"] == "create" for event in planned),
            _count(applied, "apply_complete", "create"),
            _errors(applied),
            {each["address"]: text for each in changes if (text := _described(each["change"]))},
        )

    def destroy(self, applied: _Applied) -> Outcome:
        events = self._events("destroy", "-auto-approve")
        return Outcome(**vars(applied), destroyed=_count(events, "apply_complete", "delete"), kept=_errors(events))

    def run(self, *arguments: str) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
        environment |= {
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": REGION,
            "TF_DATA_DIR": str(self._folder / "data" / self._root.name),
        }
        call = invocation(list(arguments), environment, self._folder / "build")
        done = subprocess.run(
            call.command, cwd=self._root, env=call.environment, capture_output=True, text=True, check=False
        )
        assert arguments[0] != "init" or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _events(self, command: str, *options: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(command, *options, *self._arguments).splitlines()]


@contextmanager
def _running_server(folder: Path) -> Iterator[str]:
    (port,) = free_ports(1)
    python = ENVIRONMENTS / "moto" / "bin" / "python"
    with (folder / "moto.log").open("w") as log:
        server = subprocess.Popen(
            [str(python), str(PROJECT / "tests" / "second_aws" / "server.py"), "--port", str(port)],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(_START_SECONDS)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "Moto's server ended while it started."
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"Moto's server was not ready after {_START_SECONDS} s.")


def _described(change: dict[str, Any]) -> str:
    actions = change["actions"]
    if actions in (["no-op"], ["read"]):
        return ""
    before, after, unknown = change["before"] or {}, change["after"] or {}, change["after_unknown"]
    if actions in (["create"], ["delete"]):
        return str(actions[0])
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    names = [name for name in names if not _is_unknown(unknown.get(name))]
    return f"{'replace' if len(actions) == 2 else 'update'} {', '.join(names)}"


def _is_unknown(value: Any) -> bool:
    """Return whether a value or a part of it is unknown; a block without unknown arguments is `[{}]`."""
    if isinstance(value, dict | list):
        return any(map(_is_unknown, value.values() if isinstance(value, dict) else value))
    return bool(value)


def _count(events: list[dict[str, Any]], kind: str, action: str) -> int:
    return sum(event["type"] == kind and event["hook"]["action"] == action for event in events)


def _errors(events: list[dict[str, Any]]) -> dict[str, str]:
    found = [event["diagnostic"] for event in events if event["type"] == "diagnostic"]
    # An error without an address begins with what failed, such as "deleting Athena Named Query (id)".
    return {
        each.get("address") or each["summary"].partition(" (")[0]: each["summary"]
        for each in found
        if each["severity"] == "error"
    }
