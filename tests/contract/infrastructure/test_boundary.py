"""The boundary against the policies of the roles that the root creates: it must not take away what they grant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from deployment.terraform import INFRASTRUCTURE, PROJECT, invocation
from tests.contract.infrastructure.account import ACCOUNT_ID, REGION
from tests.contract.infrastructure.bootstrap import role_policy
from tests.contract.infrastructure.provider_calls import resources
from tests.fakes.iam import is_allowed

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
}


# Values that policies hold and that are known only after an apply, with a constant in place of each.
KNOWN_AT_PLAN = [
    ("storage/outputs.tf", "aws_kms_key.this.arn", f'"{KEY_ARN}"'),
    ("storage/outputs.tf", "bucket.id", "local.bucket_names[purpose]"),
    ("stream/outputs.tf", "aws_kinesis_stream.this.arn", f'"{resources(ENVIRONMENT)["stream"][0]}"'),
    ("function/outputs.tf", "aws_lambda_function.this.arn", "local.arn"),
]


@pytest.fixture(scope="session")
def role_policies(tmp_path_factory: pytest.TempPathFactory, account: Account) -> dict[str, dict[str, Any]]:
    """Return the role policies by address, as a plan of the root in a copy of its folder renders them."""
    folder = tmp_path_factory.mktemp("root")
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
    policies = dict(_policies(shown["planned_values"]["root_module"]))
    assert None not in policies.values(), "A policy is not known at plan."
    return policies


def _run(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    call = invocation(list(arguments), environment, folder / "build")
    done = subprocess.run(
        call.command, cwd=folder / "infrastructure", env=call.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _policies(module: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for resource in module.get("resources", []):
        if resource["type"] == "aws_iam_role_policy":
            policy = resource["values"].get("policy")
            yield resource["address"], policy and json.loads(policy)
    for child in module.get("child_modules", []):
        yield from _policies(child)


def _grants(policy: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what a policy allows, wildcards as they stand, with condition keys that satisfy it."""
    for statement in policy["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        context = dict(KEY_CONTEXT)
        for keys in statement.get("Condition", {}).values():
            context |= {key: value if isinstance(value, str) else value[0] for key, value in keys.items()}
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield action, resource, context


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _refused(boundary: dict[str, Any], role_policies: dict[str, dict[str, Any]]) -> set[str]:
    return {
        f"{address}: {action} on {resource}"
        for address, policy in role_policies.items()
        for action, resource, context in _grants(policy)
        if not is_allowed(action, resource, [policy], boundary=boundary, context=context)
    }


def test_the_boundary_admits_everything_that_the_roles_policies_grant(
    plan: dict[str, Any], role_policies: dict[str, dict[str, Any]]
) -> None:
    boundary = role_policy(plan, f'aws_iam_policy.boundary["{ENVIRONMENT}"]')

    assert _refused(boundary, role_policies) == set()

    named = next(each for each in boundary["Statement"] if "sqs:SendMessage" in each["Action"])
    named["Action"].remove("sqs:SendMessage")
    assert {grant.partition(": ")[2].partition(" ")[0] for grant in _refused(boundary, role_policies)} == {
        "sqs:SendMessage"
    }


def test_the_boundary_of_another_environment_would_refuse_them(
    plan: dict[str, Any], role_policies: dict[str, dict[str, Any]]
) -> None:
    boundary = role_policy(plan, 'aws_iam_policy.boundary["dev"]')

    refused = _refused(boundary, role_policies)

    assert {address for address in role_policies if any(grant.startswith(f"{address}: ") for grant in refused)} == set(
        role_policies
    )
