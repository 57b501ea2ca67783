"""The policies of the roles and of the key that the root creates, as a plan in a copy of its folder renders them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from deployment.terraform import INFRASTRUCTURE, PROJECT, invocation
from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.provider_calls import resources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.infrastructure.account import Account

ENVIRONMENT = "production"
KEY_ARN, KEY_CONTEXT = resources(ENVIRONMENT)["key"]

VARIABLES = {
    "environment": ENVIRONMENT,
    "account_id": ACCOUNT_ID,
    "region": REGION,
    "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT_ID}:policy/rivulet-boundary-{ENVIRONMENT}",
    "operators": f'["arn:aws:iam::{ACCOUNT_ID}:role/on-call"]',
    "analysts": f'["arn:aws:iam::{ACCOUNT_ID}:role/analysts"]',
    "alarm_emails": '["on-call@example.com"]',
    "account_concurrency": "1000",
    "lambda_archives_directory": "tests/archives/lambda",
    "glue_archives_directory": "tests/archives/glue",
    "sagemaker": f'{{ image_uri = "{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/rivulet:1.0" }}',
    "engine": '{ existing_cluster = "shop" }',
}


# Values that policies hold and that are known only after an apply, with a constant in place of each.
KNOWN_AT_PLAN = [
    ("storage/outputs.tf", "aws_kms_key.this.arn", f'"{KEY_ARN}"'),
    ("storage/outputs.tf", "bucket.id", "local.bucket_names[purpose]"),
    ("stream/outputs.tf", "aws_kinesis_stream.this.arn", f'"{resources(ENVIRONMENT)["stream"][0]}"'),
    ("function/outputs.tf", "aws_lambda_function.this.arn", "local.arn"),
]


def planned_root(folder: Path, account: Account) -> dict[str, Any]:
    """Plan the root, and return its module of the planned values."""
    shutil.copytree(INFRASTRUCTURE, folder / "infrastructure", ignore=shutil.ignore_patterns(".terraform", "bootstrap"))
    # The solutions, the schemas and whatever else the modules read.
    shutil.copytree(PROJECT / "model", folder / "model", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file, unknown, known in KNOWN_AT_PLAN:
        outputs = folder / "infrastructure" / "modules" / file
        text = outputs.read_text("utf-8")
        assert unknown in text
        outputs.write_text(text.replace(unknown, known), "utf-8")

    environment = os.environ | account.environment() | {f"TF_VAR_{name}": value for name, value in VARIABLES.items()}
    environment["TF_DATA_DIR"] = str(folder / "data")
    (folder / "infrastructure" / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n', "utf-8")
    _run(folder, environment, "init", "-input=false", "-lockfile=readonly")
    _run(
        folder,
        environment,
        "plan",
        "-input=false",
        "-lock=false",
        "-out=p.tfplan",
        f"-var-file=environments/{ENVIRONMENT}.tfvars",
    )
    shown = json.loads(_run(folder, environment, "show", "-json", "p.tfplan"))
    root: dict[str, Any] = shown["planned_values"]["root_module"]
    return root


def role_policies_of(root: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return each role's name and policy by the address of the policy."""
    return {
        address: (values["role"], json.loads(values["policy"]))
        for address, values in _policies(root, "aws_iam_role_policy")
    }


def key_policy_of(root: dict[str, Any]) -> dict[str, Any]:
    """Return the policy of the environment's key."""
    [(_, values)] = _policies(root, "aws_kms_key")
    policy: dict[str, Any] = json.loads(values["policy"])
    return policy


def _run(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    call = invocation(list(arguments), environment, folder / "build")
    done = subprocess.run(
        call.command, cwd=folder / "infrastructure", env=call.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _policies(module: dict[str, Any], kind: str) -> Iterator[tuple[str, Any]]:
    for resource in module.get("resources", []):
        if resource["type"] == kind:
            values = resource["values"]
            assert values.get("policy") is not None, f"{resource['address']} is not known at plan."
            yield resource["address"], values
    for child in module.get("child_modules", []):
        yield from _policies(child, kind)
