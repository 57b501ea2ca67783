"""Builds the archives and applies the Terraform configuration to the laptop's cloud."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backend.contract.access.keys import sha256_of
from backend.contract.access.roles import ROLES
from deployment.aliases import switch
from deployment.deploy import deploy
from deployment.keys.stored import Keys
from deployment.local.cloud import ACCOUNT, REGION, ROOT, CloudError, application
from deployment.pages.upload import PagesError, upload
from deployment.terraform import TerraformMissingError, invocation
from deployment.workflow import WorkflowError

if TYPE_CHECKING:
    from pathlib import Path

    from deployment.deploy import Step
    from deployment.local.cloud import Cloud
    from deployment.workflow import Progress

PAGES = ROOT / "build" / "pages"
"""The shop's pages, as they are built."""

STATE_BUCKET = f"rivulet-local-{ACCOUNT}-terraform"

# The file in the folder of a cloud that marks a successful apply.
_COMPLETE_MARKER = "provisioned"

_KEY_NAME = "laptop"
_POLL_SECONDS = 0.5
_LOG_TAIL_CHARACTERS = 800

# Terraform mostly waits for AWS, resource by resource, so more in parallel is faster and uses no more processor.
_PARALLELISM = 30


@dataclass(frozen=True)
class Provisioned:
    """The result of a Terraform apply."""

    outputs: dict[str, Any]
    api_url: str

    def __getitem__(self, name: str) -> Any:
        try:
            return self.outputs[name]
        except KeyError:
            raise CloudError(f"Terraform has no output {name}: apply it again with `make demo`.") from None


def build_archives(progress: Progress) -> None:
    """Build the Lambda archives for this interpreter, and the Glue job; `CloudError` if a build fails."""
    progress.show(note="python -m deployment.package --target local")
    command = [sys.executable, "-m", "deployment.package", "--target", "local"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CloudError(f"The archives could not be built: {done.stderr.strip()[-_LOG_TAIL_CHARACTERS:]}")


def initialize(cloud: Cloud) -> None:
    """Run `terraform init` of the root module, with its state in a bucket of a running cloud; raises as `provision`."""
    _ensure_state_bucket(cloud)
    (cloud.directory / "terraform").mkdir(exist_ok=True)
    _run(cloud, ["init", "-input=false", "-reconfigure", "-backend-config=environments/local.s3.tfbackend"])


def initialize_empty(cloud: Cloud) -> None:
    """Run `terraform init` for plans and applies other than `provision`, whose state is stored as on AWS."""
    initialize(cloud)
    (cloud.directory / _COMPLETE_MARKER).touch()


def provision(cloud: Cloud, step: Step) -> Provisioned:
    """Deploy the root module to a running cloud as `deployment.deploy` does to AWS, after `terraform init`.

    Terraform's state lies in a bucket of its own. Where Terraform or the workflow fails, `CloudError` has the message.
    """

    def outputs() -> Provisioned:
        (cloud.directory / _COMPLETE_MARKER).touch()
        return provisioned(cloud)

    with step("Initialize Terraform"):
        initialize(cloud)
    try:
        made = deploy(
            lambda bar: _apply(cloud, bar), outputs, lambda _region: cloud.client("stepfunctions"), step, _POLL_SECONDS
        )
    except WorkflowError as error:
        raise CloudError(str(error)) from error
    switch(cloud.client("lambda"), made["rollout"])
    return made


def is_partly_provisioned(cloud: Cloud) -> bool:
    """Return whether the first apply to a cloud was interrupted, so that Terraform's state may lack resources."""
    return (cloud.directory / "terraform").is_dir() and not (cloud.directory / _COMPLETE_MARKER).is_file()


def provisioned(cloud: Cloud) -> Provisioned:
    """Return the result of an earlier `provision`, without changing anything; raises as that does."""
    outputs = {name: value["value"] for name, value in json.loads(_run(cloud, ["output", "-json"])).items()}
    if "api_id" not in outputs:
        raise CloudError("Nothing is provisioned in this cloud yet: run `make demo`.")
    url = f"{cloud.endpoint}/_aws/execute-api/{outputs['api_id']}/{outputs['api_stage']}"
    return Provisioned(outputs, url)


def upload_pages(cloud: Cloud, made: Provisioned, folder: Path = PAGES) -> None:
    """Upload built pages to a provisioned cloud, whose CloudFront caches nothing; `CloudError` if there are none."""
    try:
        upload(cloud.client("s3"), made["pages"]["bucket"], folder)
    except PagesError as error:
        raise CloudError(str(error)) from error


def api_key(cloud: Cloud) -> str:
    """Return a key of this cloud's API with every role; it is made once, in a file that its owner alone can read."""
    keys, file = Keys(cloud.client("ssm"), "local"), cloud.directory / "api-key"
    stored = {version.sha256 for version in keys.valid(_KEY_NAME)}
    if file.is_file() and sha256_of(made := file.read_text(encoding="ascii")) in stored:
        return made
    if stored:  # by an interrupted call, so that no file has it
        keys.revoke(_KEY_NAME)
    made = keys.create(_KEY_NAME, list(ROLES))
    file.touch(mode=0o600)
    file.write_text(made, encoding="ascii")
    return made


def plan_changes(cloud: Cloud) -> list[dict[str, Any]]:
    """Return the resource changes of a plan, from `terraform plan -json`; raises as above."""
    lines = map(json.loads, _run(cloud, ["plan", "-input=false", "-json", *_VARIABLE_FILE]).splitlines())
    return [line["change"] for line in lines if line["type"] == "planned_change"]


def destroy(cloud: Cloud) -> None:
    """Run `terraform destroy` of the root module; raises as above."""
    _run(cloud, ["destroy", "-auto-approve", "-input=false", f"-parallelism={_PARALLELISM}", *_VARIABLE_FILE])


_VARIABLE_FILE = ("-var-file=environments/local.tfvars",)


def _apply(cloud: Cloud, progress: Progress) -> None:
    command = ["apply", "-auto-approve", "-input=false", "-json", f"-parallelism={_PARALLELISM}", *_VARIABLE_FILE]
    terraform = _invocation(cloud, command)
    total, done, problems = 0, 0, []
    with subprocess.Popen(
        terraform.command,
        cwd=terraform.directory,
        env=terraform.environment,
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
        raise CloudError("terraform apply failed: " + ("; ".join(problems) or "without a message"))


def _event(text: str) -> dict[str, Any]:
    try:
        line: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError:
        return {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": text.strip(), "detail": ""}}
    return line


def _sentence(diagnostic: dict[str, Any]) -> str:
    address = f"{diagnostic['address']}: " if diagnostic.get("address") else ""
    return f"{address}{diagnostic['summary']}. {diagnostic.get('detail', '')}".strip()[:_LOG_TAIL_CHARACTERS]


def _run(cloud: Cloud, arguments: list[str]) -> str:
    terraform = _invocation(cloud, arguments)
    done = subprocess.run(
        terraform.command,
        cwd=terraform.directory,
        env=terraform.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        output = (done.stderr.strip() or done.stdout.strip())[-_LOG_TAIL_CHARACTERS:]
        raise CloudError(f"terraform {arguments[0]} failed: {output}")
    return done.stdout


def terraform_environment(cloud: Cloud, caller: str) -> dict[str, str]:
    """Return the environment variables with which Terraform applies the root module to a cloud."""
    machine = platform.machine().lower()
    variables = {
        "lambda_archives_directory": str(ROOT / "build" / "lambda" / "local"),
        "glue_archives_directory": str(ROOT / "build" / "glue"),
        "lambda_runtime": f"python{sys.version_info[0]}.{sys.version_info[1]}",
        "lambda_architecture": "arm64" if machine in {"arm64", "aarch64"} else "x86_64",
        "emulator_port": str(cloud.port),
    }
    environment = cloud.environment | application(caller)
    environment |= {f"TF_VAR_{name}": value for name, value in variables.items()}
    return environment | {"TF_DATA_DIR": str(cloud.directory / "terraform")}


def _invocation(cloud: Cloud, arguments: list[str]) -> Any:
    try:
        return invocation(arguments, terraform_environment(cloud, arguments[0]))
    except TerraformMissingError as error:
        raise CloudError(str(error)) from error


def _ensure_state_bucket(cloud: Cloud) -> None:
    try:
        cloud.client("s3").create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
