"""Build the archives and apply the real Terraform to the laptop's cloud."""

from __future__ import annotations

import json
import platform
import secrets
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from deployment.local.cloud import ACCOUNT, REGION, ROOT, CloudError
from deployment.terraform import TerraformMissingError, invocation

if TYPE_CHECKING:
    from deployment.local.cloud import Cloud

STATE_BUCKET = f"rivulet-local-{ACCOUNT}-terraform"

# Left in the folder of a cloud once an apply to it has ended well.
_WHOLE = "provisioned"

_KEY_BYTES = 24
_LAST_WORDS = 800

# Terraform waits for AWS's own slowness resource by resource, so more at a time is faster, not heavier.
_PARALLELISM = 30


class Progress(Protocol):
    """Whatever shows how far a job is."""

    def show(self, done: float | None = None, total: float | None = None, note: str | None = None) -> None:
        """Take the units done, their total, and what is being done."""


@dataclass(frozen=True)
class Provisioned:
    """What Terraform made.

    Parameters
    ----------
    outputs
        Values by the names of Terraform's outputs.
    api_url
        Address of the API's stage on this machine.
    """

    outputs: dict[str, Any]
    api_url: str

    def __getitem__(self, name: str) -> Any:
        try:
            return self.outputs[name]
        except KeyError:
            raise CloudError(f"Terraform has no output {name}: apply it anew with `make demo`.") from None


def build_archives(progress: Progress) -> None:
    """Build the Lambda archives for this interpreter, and the Glue job.

    Raises
    ------
    CloudError
        If one cannot be built.
    """
    progress.show(note="python -m deployment.package --target local")
    command = [sys.executable, "-m", "deployment.package", "--target", "local"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CloudError(f"The archives could not be built: {done.stderr.strip()[-_LAST_WORDS:]}")


def provision(cloud: Cloud, progress: Progress) -> Provisioned:
    """Run `terraform init` and `apply` of the one root module against a cloud that runs.

    Parameters
    ----------
    cloud
        The cloud; Terraform's state lies in a bucket of its own.
    progress
        Counts the resources that change.

    Raises
    ------
    CloudError
        If Terraform ends with an error; the message is Terraform's own.
    """
    _ensure_state_bucket(cloud)
    (cloud.directory / "terraform").mkdir(exist_ok=True)
    progress.show(note="terraform init")
    _run(cloud, ["init", "-input=false", "-reconfigure", "-backend-config=environments/local.s3.tfbackend"])
    _apply(cloud, progress)
    (cloud.directory / _WHOLE).touch()
    return provisioned(cloud)


def is_half_made(cloud: Cloud) -> bool:
    """Tell whether the first apply to a cloud broke off, so that it holds what Terraform does not know of."""
    return (cloud.directory / "terraform").is_dir() and not (cloud.directory / _WHOLE).is_file()


def provisioned(cloud: Cloud) -> Provisioned:
    """Return what was made by an earlier `provision`, without changing anything; raises as that does."""
    outputs = {name: value["value"] for name, value in json.loads(_run(cloud, ["output", "-json"])).items()}
    if "api_id" not in outputs:
        raise CloudError("Nothing is provisioned in this cloud yet: run `make demo`.")
    url = f"{cloud.endpoint}/_aws/execute-api/{outputs['api_id']}/{outputs['api_stage']}"
    return Provisioned(outputs, url)


def plan_changes(cloud: Cloud) -> list[dict[str, Any]]:
    """Return the resource changes that a plan shows now, as `terraform plan -json` tells them; raises as above."""
    lines = map(json.loads, _run(cloud, ["plan", "-input=false", "-json", *_VARIABLE_FILE]).splitlines())
    return [line["change"] for line in lines if line["type"] == "planned_change"]


_VARIABLE_FILE = ("-var-file=environments/local.tfvars",)


def _apply(cloud: Cloud, progress: Progress) -> None:
    command = ["apply", "-auto-approve", "-input=false", "-json", f"-parallelism={_PARALLELISM}", *_VARIABLE_FILE]
    made = _invocation(cloud, command)
    total, done, problems = 0, 0, []
    with subprocess.Popen(
        made.command,
        cwd=made.directory,
        env=made.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for text in process.stdout or ():
            line = _event(text)
            kind = line.get("type")
            if kind == "planned_change":
                total += 1
            elif kind == "apply_complete":
                done += line["hook"]["action"] != "read"
            elif kind == "diagnostic" and line["diagnostic"]["severity"] == "error":
                problems.append(_sentence(line["diagnostic"]))
            progress.show(done, total or None, note=line.get("hook", {}).get("resource", {}).get("resource_type"))
    if process.returncode:
        raise CloudError("terraform apply failed: " + ("; ".join(problems) or "it gave no reason"))


def _event(text: str) -> dict[str, Any]:
    try:
        line: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": text.strip(), "detail": ""}}
    return line


def _sentence(diagnostic: dict[str, Any]) -> str:
    address = f"{diagnostic['address']}: " if diagnostic.get("address") else ""
    return f"{address}{diagnostic['summary']}. {diagnostic.get('detail', '')}".strip()[:_LAST_WORDS]


def _run(cloud: Cloud, arguments: list[str]) -> str:
    made = _invocation(cloud, arguments)
    done = subprocess.run(
        made.command, cwd=made.directory, env=made.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip())[-_LAST_WORDS:]
        raise CloudError(f"terraform {arguments[0]} failed: {words}")
    return done.stdout


def _invocation(cloud: Cloud, arguments: list[str]) -> Any:
    machine = platform.machine().lower()
    variables = {
        "lambda_archives_directory": str(ROOT / "build" / "lambda" / "local"),
        "glue_archives_directory": str(ROOT / "build" / "glue"),
        "lambda_runtime": f"python{sys.version_info[0]}.{sys.version_info[1]}",
        "lambda_architecture": "arm64" if machine in {"arm64", "aarch64"} else "x86_64",
        "api_key": _api_key(cloud),
    }
    environment = cloud.environment | {f"TF_VAR_{name}": value for name, value in variables.items()}
    environment["TF_DATA_DIR"] = str(cloud.directory / "terraform")
    try:
        return invocation(arguments, environment)
    except TerraformMissingError as error:
        raise CloudError(str(error)) from error


def _api_key(cloud: Cloud) -> str:
    """Return the key of this cloud's API, made once and readable by its owner only."""
    file = cloud.directory / "api-key"
    if not file.is_file():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(_KEY_BYTES), encoding="ascii")
    return file.read_text(encoding="ascii")


def _ensure_state_bucket(cloud: Cloud) -> None:
    try:
        cloud.client("s3").create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
