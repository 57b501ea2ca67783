"""An environment as the commands see it: Terraform's arguments, the state bucket and the folder of the archives."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import hcl2
from botocore.config import Config

from deployment.processes import run_to_end
from deployment.terraform import INFRASTRUCTURE, PROJECT, PROJECT_NAME, invocation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ARCHIVES = PROJECT / "build"
# Terraform's argument that releases protected resources before a destroy.
REMOVAL_FILE = "-var-file=removal.tfvars"
_MESSAGE_CHARACTERS = 2000


class ReleaseError(Exception):
    """A step of a deployment failed or was refused; the message has the reason and the remedy."""


class InterruptedReleaseError(KeyboardInterrupt):
    """Terraform has ended after an interruption; the message has the remedy."""


@dataclass(frozen=True)
class Environment:
    """An environment with the variables that Terraform and the AWS clients run with.

    Parameters
    ----------
    variables
        Environment variables, with ``TF_VAR_account_id`` on AWS; `local` has those of the laptop's cloud.
    """

    name: str
    variables: Mapping[str, str]

    @property
    def backend(self) -> dict[str, Any]:
        """The settings of the state's bucket, from ``environments/<name>.s3.tfbackend``."""
        text = (INFRASTRUCTURE / "environments" / f"{self.name}.s3.tfbackend").read_text(encoding="utf-8")
        settings = hcl2.loads(text)
        return {name: value.strip('"') if isinstance(value, str) else value for name, value in settings.items()}

    @property
    def account_id(self) -> str:
        """The account, from ``TF_VAR_account_id``."""
        account_id = self.variables.get("TF_VAR_account_id", "")
        if not account_id:
            raise ReleaseError("TF_VAR_account_id is not set: export the account's twelve digits")
        return account_id

    @property
    def state_bucket(self) -> str:
        """The bucket of the states, as bootstrap names it."""
        bucket: str = self.backend.get("bucket") or f"{PROJECT_NAME}-{self.account_id}-terraform"
        return bucket

    def client(self, service: str) -> Any:
        """Return a boto3 client with this environment's credentials, region and endpoint."""
        session: Any = boto3.Session(
            aws_access_key_id=self.variables.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=self.variables.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=self.variables.get("AWS_SESSION_TOKEN"),
            region_name=self.backend["region"],
        )
        return session.client(
            service,
            endpoint_url=self.variables.get("AWS_ENDPOINT_URL"),
            config=Config(retries={"mode": "standard", "total_max_attempts": 8}),
        )

    def encryption(self) -> dict[str, str]:
        """Return the arguments of PutObject that encrypt with the states' key; none on the laptop."""
        key = self.backend.get("kms_key_id")
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}

    def terraform(
        self, *arguments: str, accepted: Sequence[int] = (0,), on_line: Callable[[str], None] | None = None
    ) -> tuple[int, str]:
        """Run Terraform and return its exit status and output.

        Parameters
        ----------
        accepted
            The statuses that are no failure.
        on_line
            Called with each line of the output.

        Raises
        ------
        ReleaseError
            With Terraform's message, for another status.
        InterruptedReleaseError
            If this process was interrupted, once Terraform has ended.
        """
        call = invocation(arguments, self.variables)
        ended = run_to_end(call.command, call.directory, call.environment, on_line, is_captured=True)
        if ended.is_interrupted:
            raise InterruptedReleaseError(self._interruption(arguments))
        if ended.status not in accepted:
            message = (ended.errors.strip() or ended.output.strip())[-_MESSAGE_CHARACTERS:]
            raise ReleaseError(f"terraform {arguments[0]} failed:\n{message}")
        return ended.status, ended.output

    def _interruption(self, arguments: Sequence[str]) -> str:
        if arguments[0] not in {"apply", "destroy"}:
            return "interrupted"
        if REMOVAL_FILE in arguments:
            return f"interrupted: {self.name} is partly destroyed: run destroy again"
        return f"interrupted: {self.name} is partly applied: plan again"

    def initialize(self) -> None:
        """Run `terraform init` with this environment's backend and the committed provider lock."""
        self.terraform(
            *("init", "-input=false", "-reconfigure", "-lockfile=readonly", "-no-color"),
            f"-backend-config=environments/{self.name}.s3.tfbackend",
            f"-backend-config=bucket={self.state_bucket}",
        )

    @property
    def variable_file(self) -> str:
        """Terraform's argument for this environment's variables."""
        return f"-var-file=environments/{self.name}.tfvars"

    def outputs(self) -> dict[str, Any]:
        """Return Terraform's outputs by name; `ReleaseError` if the environment is not deployed."""
        _, text = self.terraform("output", "-json")
        outputs = {name: output["value"] for name, output in json.loads(text).items()}
        if "api_id" not in outputs:
            raise ReleaseError(f"{self.name} is not deployed: plan and apply first")
        return outputs

    def api_url(self, outputs: Mapping[str, Any]) -> str:
        """Return the API's base URL."""
        if url := outputs.get("api_url"):  # Terraform leaves out an output that is null
            return str(url)
        return f"{self.variables['AWS_ENDPOINT_URL']}/_aws/execute-api/{outputs['api_id']}/{outputs['api_stage']}"

    def archives(self) -> dict[str, Path]:
        """Return the archives that Terraform deploys, by their names below ``build``."""
        folders = {
            "lambda": self.variables.get("TF_VAR_lambda_archives_directory", str(ARCHIVES / "lambda" / "aws")),
            "glue": self.variables.get("TF_VAR_glue_archives_directory", str(ARCHIVES / "glue")),
        }
        return {
            f"{kind}/{path.name}": path
            for kind, folder in folders.items()
            for path in sorted(Path(folder).glob("*"))
            if path.suffix in {".zip", ".py"}
        }


def open_environment(name: str, variables: Mapping[str, str] | None = None) -> Environment:
    """Return an environment; `ReleaseError` if it is unknown or, for ``local``, no cloud of the laptop runs."""
    known = sorted(path.stem for path in (INFRASTRUCTURE / "environments").glob("*.tfvars"))
    if name not in known:
        raise ReleaseError(f"{name} is no environment: there are {', '.join(known)}")
    if variables is None and name == "local":
        variables = _laptop()
    return Environment(name, dict(os.environ if variables is None else variables))


def _laptop() -> Mapping[str, str]:
    from deployment.local.cloud import ROOT, open_cloud  # noqa: PLC0415 - only for the laptop
    from deployment.local.provision import terraform_environment  # noqa: PLC0415 - as above

    for file in sorted((ROOT / "build" / "local").glob("*/ports.json")):
        cloud = open_cloud(file.parent)
        if cloud.serves_the_api():
            return terraform_environment(cloud, "release")
    raise ReleaseError("the laptop's cloud does not run: python -m deployment.local up")
