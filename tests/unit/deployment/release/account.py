"""An environment whose Terraform, buckets and archives are in memory."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployment.package.archive import write_archive
from deployment.package.sources import function_files
from deployment.release.environment import Environment, ReleaseError
from deployment.terraform import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NO_CHANGES: dict[str, Any] = {"resource_changes": []}


class Buckets:
    """S3's client for the objects of all buckets."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.writes: list[dict[str, Any]] = []

    def put_object(self, **request: Any) -> None:
        self.objects[request["Bucket"], request["Key"]] = request["Body"]
        self.writes.append(request)

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if (Bucket, Key) not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "none"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}


class PreparingStates:
    """A Step Functions whose every execution succeeds at once."""

    def start_execution(self, **_: Any) -> dict[str, Any]:
        return {"executionArn": "execution"}

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        return {"status": "SUCCEEDED", "output": "{}"}


class EmptyAccount:
    """Any service of an account where the environment's tags find these resources, and nothing else is found."""

    exceptions = SimpleNamespace(ResourceNotFoundException=KeyError, StateMachineDoesNotExist=KeyError)

    def __init__(self, calls: list[str], tagged: Sequence[str]) -> None:
        self.calls, self.tagged = calls, tagged

    def get_paginator(self, operation: str) -> EmptyAccount:
        self.calls.append(operation)
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        names = ("ResourceTagMappingList",) if "TagFilters" in request else ("executions", "logGroups", "Parameters")
        return [{name: [{"ResourceARN": arn} for arn in self.tagged] if "Tag" in name else [] for name in names}]

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": "arn:aws:sts::123456789012:assumed-role/apply/x", "Account": "123456789012"}

    def get_parameters(self, **_: Any) -> dict[str, Any]:
        return {"Parameters": []}


@dataclass(frozen=True)
class FakeEnvironment(Environment):
    """An environment with archives in a folder, whose plan is `shown`."""

    folder: Path = field(kw_only=True)
    shown: dict[str, Any] = field(default_factory=lambda: NO_CHANGES)
    buckets: Buckets = field(default_factory=Buckets)
    calls: list[str] = field(default_factory=list)
    returned: dict[str, Any] = field(default_factory=lambda: {"api_id": "a1"})
    printed: list[str] = field(default_factory=list)
    failure: str = ""
    tagged: list[str] | None = None
    targets: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        if self.tagged is not None:
            return EmptyAccount(self.calls, self.tagged)
        return {"s3": self.buckets, "stepfunctions": PreparingStates()}[service]

    def terraform(
        self, *arguments: str, accepted: Sequence[int] = (0,), on_line: Callable[[str], None] | None = None
    ) -> tuple[int, str]:
        self.calls.append(arguments[0] + " removal.tfvars" * ("-var-file=removal.tfvars" in arguments))
        for argument in arguments:
            if argument.startswith("-target="):
                self.targets.append(argument.removeprefix("-target="))
            if argument.startswith("-out="):
                Path(argument.removeprefix("-out=")).write_bytes(b"a plan with the value hunter2")
        for line in self.printed if on_line else ():
            assert on_line is not None
            on_line(line)
        if arguments[0] == "apply" and self.failure:
            raise ReleaseError(f"terraform apply failed:\n{self.failure}")
        if arguments[0] == "output":
            return 0, json.dumps({name: {"value": value} for name, value in self.returned.items()})
        is_changed = bool(self.shown.get("resource_changes") or self.shown.get("resource_drift"))
        return (2 if is_changed and 2 in accepted else 0), json.dumps(self.shown)

    def archives(self) -> dict[str, Path]:
        return {str(path.relative_to(self.folder)): path for path in sorted(self.folder.glob("*/*.*"))}


@cache
def _archive() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_archive(archive := Path(folder) / "collect.zip", function_files(PROJECT, "collect"))
        return archive.read_bytes()


def make_environment(folder: Path, name: str = "dev", **fields: Any) -> FakeEnvironment:
    """Return an environment with the archives of one function and of the Glue job."""
    (folder / "lambda").mkdir(parents=True, exist_ok=True)
    (folder / "lambda" / "collect.zip").write_bytes(_archive())
    (folder / "glue").mkdir(exist_ok=True)
    (folder / "glue" / "datasets.py").write_bytes((PROJECT / "scripts" / "datasets.py").read_bytes())
    return FakeEnvironment(name, {"TF_VAR_account_id": "123456789012"}, folder=folder, **fields)


def change(address: str, actions: Sequence[str] = ("update",), **values: Any) -> dict[str, Any]:
    """Return a resource change as `terraform show -json` has it."""
    return {
        "address": address,
        "type": address.split(".")[-2],
        "change": {"actions": list(actions), "before": None, "after": None, "after_unknown": {}} | values,
    }
