"""The commands of bootstrap's README, run as they stand against an account that holds buckets only."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from deployment.terraform import INFRASTRUCTURE, PROJECT
from tests.contract.infrastructure.account import ACCOUNT_ID
from tests.contract.infrastructure.bootstrap import role_policy
from tests.fakes.iam import is_allowed

if TYPE_CHECKING:
    from tests.contract.infrastructure.account import Account
    from tests.contract.infrastructure.bootstrap import Checkout

STATE_PATH = f"rivulet-{ACCOUNT_ID}-terraform/rivulet/bootstrap.tfstate"


BUCKET = {
    "mode": "managed",
    "type": "aws_s3_bucket",
    "name": "state",
    "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
    "instances": [{"schema_version": 0, "attributes": dict.fromkeys(("bucket", "id"), STATE_PATH.partition("/")[0])}],
}


def documented_commands() -> list[str]:
    """Return the command lines of the README in order."""
    text = (INFRASTRUCTURE / "bootstrap" / "README.md").read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def written_state(plan: dict[str, Any]) -> str:
    """Return the state that an apply leaves, with the outputs only."""
    outputs = {
        name: {"value": output["value"], "type": "string"}
        for name, output in plan["planned_values"]["outputs"].items()
        if isinstance(output.get("value"), str)
    }
    return json.dumps({"version": 4, "serial": 1, "lineage": "test", "outputs": outputs, "resources": []})


def test_the_documented_commands_apply_bootstrap_and_move_its_state(
    bootstrap: Checkout, plan: dict[str, Any], account: Account
) -> None:
    export, init, apply, output, move, migrate, *removal = documented_commands()
    run = f"{export}; {{}}".format

    # Without a state the output fails, and what it leaves is not read by Terraform.
    assert bootstrap.shell(run(output)).returncode != 0
    assert not (bootstrap.bootstrap / "backend_override.tf").exists()

    assert "successfully initialized" in bootstrap.shell(run(init)).stdout
    planned = bootstrap.shell(run(apply.replace(" apply", " plan -lock=false -no-color")))
    assert "Plan: " in planned.stdout, planned.stderr
    (bootstrap.bootstrap / "terraform.tfstate").write_text(written_state(plan), "utf-8")
    try:
        for command in (output, move, f"{migrate} -force-copy"):
            done = bootstrap.shell(run(command))
            assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(account.objects[STATE_PATH])["outputs"]["backend"]["value"].startswith("terraform {")
        headers = account.writes[STATE_PATH]
        assert headers["x-amz-server-side-encryption"] == "aws:kms"
        assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/rivulet-terraform"
        assert account.writes[f"{STATE_PATH}.tflock"]["x-amz-server-side-encryption"] == "aws:kms"

        # And the other way, before bootstrap is removed.
        remove, unset, override, release, destroy, tidy = removal
        for command in (remove, f"{unset} -force-copy"):
            done = bootstrap.shell(run(command))
            assert done.returncode == 0, done.stdout + done.stderr
        state = json.loads((bootstrap.bootstrap / "terraform.tfstate").read_text("utf-8"))
        assert state["outputs"]["backend"]["value"].startswith("terraform {")
        (bootstrap.bootstrap / "terraform.tfstate").write_text(json.dumps(state | {"resources": [BUCKET]}), "utf-8")
        destruction = destroy.replace(" destroy", " plan -destroy -refresh=false -lock=false -no-color")
        assert "prevent_destroy" in bootstrap.shell(run(destruction)).stderr
        assert bootstrap.shell(override).returncode == 0
        done = bootstrap.shell(run(destruction))
        assert "1 to destroy" in done.stdout, done.stderr
        changed = release.replace(" apply", " plan -refresh=false -lock=false -no-color")
        assert re.search(r"\+ force_destroy\s+= true", bootstrap.shell(run(changed)).stdout)
        assert bootstrap.shell(tidy).returncode == 0
    finally:
        (bootstrap.bootstrap / "removal_override.tf").unlink(missing_ok=True)
        (bootstrap.bootstrap / "backend_override.tf").unlink(missing_ok=True)
        (bootstrap.bootstrap / "terraform.tfstate").unlink(missing_ok=True)
        bootstrap.backend_record.unlink(missing_ok=True)


def test_what_the_commands_leave_is_not_committed() -> None:
    ignored = (PROJECT / ".gitignore").read_text("utf-8").splitlines()

    assert {"backend_override.tf", "removal_override.tf", "*.tfstate", "*.tfplan", "/build/"} <= set(ignored)


@pytest.mark.parametrize("environment", ["dev", "production"])
def test_an_environments_back_end_encrypts_with_the_states_key(plan: dict[str, Any], environment: str) -> None:
    text = (INFRASTRUCTURE / "environments" / f"{environment}.s3.tfbackend").read_text("utf-8")
    settings = dict(re.findall(r"^(\w+)\s*=\s*\"?([^\"\s]+)", text, re.MULTILINE))

    assert settings["encrypt"] == "true"
    assert settings["kms_key_id"] == plan["planned_values"]["outputs"]["state_key_alias"]["value"]
    assert settings["key"] == f"rivulet/{environment}.tfstate"


@pytest.mark.parametrize(("encryption", "expected"), [("AES256", False), ("aws:kms", True), (None, True)])
def test_the_state_bucket_takes_no_object_without_kms(
    plan: dict[str, Any], encryption: str | None, expected: bool
) -> None:
    everyone = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    bucket = role_policy(plan, "aws_s3_bucket_policy.state")
    context: dict[str, Any] = {"aws:SecureTransport": "true"}
    if encryption is not None:
        context["s3:x-amz-server-side-encryption"] = encryption

    assert is_allowed("s3:PutObject", f"arn:aws:s3:::{STATE_PATH}", [everyone, bucket], context=context) is expected


def test_the_lock_files_hold_the_provider_for_linux_macos_and_windows() -> None:
    files = [INFRASTRUCTURE / ".terraform.lock.hcl", INFRASTRUCTURE / "bootstrap" / ".terraform.lock.hcl"]
    locks = [file.read_text("utf-8") for file in files]

    assert locks[0] == locks[1]
    assert re.findall(r'"(h1:[^"]+)"', locks[0]) == [
        "h1:H3mU/7URhP0uCRGK8jeQRKxx2XFzEqLiOq/L2Bbiaxs=",  # windows_amd64
        "h1:Ijt7pOlB7Tr7maGQIqtsLFbl7pSMIj06TVdkoSBcYOw=",  # darwin_arm64
        "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",  # linux_amd64
    ]
