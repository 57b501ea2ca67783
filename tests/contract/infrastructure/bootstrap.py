"""Bootstrap in a copy of the project, where its commands run as its README states them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployment.terraform import INFRASTRUCTURE, PROJECT
from tests.contract.infrastructure.account import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.infrastructure.account import Account

VARIABLES = {
    "region": REGION,
    "account_id": ACCOUNT_ID,
    "repository": "owner/rivulet",
    "environments": '["dev", "production"]',
    "engine_hosting": "{ dev = {}, production = {} }",
}


@dataclass(frozen=True)
class Checkout:
    """A copy of what bootstrap needs, so that nothing is written into the repository."""

    folder: Path
    account: Account

    @property
    def bootstrap(self) -> Path:
        return self.folder / "infrastructure" / "bootstrap"

    @property
    def backend_record(self) -> Path:
        """The file in which `init` notes a back end other than the local one."""
        return self.folder / "build" / "terraform" / "data" / "bootstrap" / "terraform.tfstate"

    def shell(self, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command line of a README in the project's folder, with these Terraform variables in its environment."""
        environment = os.environ | self.account.environment() | {"PYTHONPATH": str(self.folder)}
        environment |= {f"TF_VAR_{name}": value for name, value in variables.items()}
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def terraform(self, arguments: str, **variables: str) -> str:
        """Run Terraform in bootstrap's folder and return its output; fails the test where it fails."""
        done = self.shell(
            f"build/env/main/bin/python -m deployment.terraform -chdir=bootstrap {arguments}", **(VARIABLES | variables)
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def plan(self, **variables: str) -> dict[str, Any]:
        """Return a plan as JSON: every policy document is known in it."""
        self.terraform("plan -input=false -lock=false -out=plan.tfplan", **variables)
        plan: dict[str, Any] = json.loads(self.terraform("show -json plan.tfplan"))
        return plan


def checkout(folder: Path, account: Account) -> Checkout:
    """Copy bootstrap and the command that runs Terraform into a folder."""
    shutil.copytree(
        INFRASTRUCTURE / "bootstrap",
        folder / "infrastructure" / "bootstrap",
        ignore=shutil.ignore_patterns("tests", ".terraform", "*.tfstate*", "*_override.tf"),
    )
    (folder / "deployment").mkdir()
    for module in ("__init__", "processes", "provider_mirror", "terraform"):
        shutil.copy(PROJECT / "deployment" / f"{module}.py", folder / "deployment")
    python = folder / "build" / "env" / "main" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return Checkout(folder, account)


_POLICIES = {
    "plan": ("aws_iam_role_policy.plan", "aws_iam_role_policy.engine_plan", "aws_iam_policy.web_plan"),
    "apply": (
        "aws_iam_role_policy.apply",
        "aws_iam_policy.engine",
        "aws_iam_policy.removal",
        "aws_iam_policy.web_apply",
    ),
}


def deploying_policies(
    plan: dict[str, Any], purpose: str, environment: str, *, with_removal: bool = True
) -> list[dict[str, Any]]:
    """Return the policies of an environment's role for plan or apply; those of `deployment.remove` may be left out."""
    return [
        role_policy(plan, f'{address}["{environment}"]')
        for address in _POLICIES[purpose]
        if with_removal or not address.endswith(".removal")
    ]


def role_policy(plan: dict[str, Any], address: str) -> dict[str, Any]:
    """Return the policy document of a planned resource, such as ``aws_iam_role_policy.plan["dev"]``."""
    return _document(plan, address, "policy")


def trust_policy(plan: dict[str, Any], address: str) -> dict[str, Any]:
    """Return the trust policy of a planned role."""
    return _document(plan, address, "assume_role_policy")


def _document(plan: dict[str, Any], address: str, attribute: str) -> dict[str, Any]:
    resources = plan["planned_values"]["root_module"]["resources"]
    values = {resource["address"]: resource["values"] for resource in resources}
    document: dict[str, Any] = json.loads(values[address][attribute])
    return document
