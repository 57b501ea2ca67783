"""The calls that `record` recorded: written with placeholders for account, environment and generated ids, read for one.

A call is one line: action, resource, and condition keys as ``key=value``.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contract.infrastructure.account import ACCOUNT_ID
from tests.contract.infrastructure.provider_calls import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RECORDING = Path(__file__).parent / "recorded_calls.json"

RECORDED_VARIABLE = "RIVULET_RECORDED_CALLS"
"""The environment variable with the file to which the end-to-end tests' cloud appends its calls."""

# Commands of Terraform that a role for another one runs as well.
_COMMANDS = {"init": ("plan", "apply"), "output": ("apply",), "destroy": ("apply",)}
_NAMES = (
    # The state's bucket is the account's on AWS, and the environment's on the laptop.
    ("rivulet-local-000000000000-terraform", "rivulet-{account}-terraform"),
    ("000000000000", "{account}"),
    ("rivulet-local", "rivulet-{environment}"),
    ("rivulet_local", "rivulet_{environment}"),
    ("rivulet/local", "rivulet/{environment}"),
    ("environment=local", "environment={environment}"),
)
_GENERATED = re.compile(
    r"\d{8}T\d{6}-[0-9a-f]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9A-Za-z])[0-9a-f]{8,}\b|\b\d{9,}\b"
    r"|\bE[0-9A-Z]{13}\b"  # of CloudFront
)
_GENERATED_IN_KEY = re.compile(r"(?<![{\w-])[\w-]*\d[\w-]*")
# Where policies have a wildcard: all names of an environment for the deploying roles; for the others the names of what
# `model/solutions` declares, and an object's key below its first folder.
_NAME_OF_DEPLOYED = re.compile(r"(rivulet[-_/]\{environment\}[-_/]).*")
_NAME_OF_DECLARED = re.compile(r"(:(?:campaign|dataset-import-job|filter|schema|solution)/|:::[^/]+/[^/]+/).*")
_LISTED_KEYS = {"kms:resourcealiases"}
# Tags on which no policy has a condition.
_OTHER_TAGS = ("tag/dataclassification", "tag/managedby")


def read_calls(file: Path) -> dict[str, list[str]]:
    """Return the calls of a raw recording by caller, each once, sorted; those of users of the laptop are left out."""
    calls: dict[str, set[str]] = {}
    for text in file.read_text("utf-8").splitlines():
        record = json.loads(text)
        for caller in _COMMANDS.get(record["caller"], (record["caller"],)):
            calls.setdefault(_with_placeholders(caller), set()).add(_line(record))
    calls.pop("client", None)
    return {caller: sorted(lines) for caller, lines in sorted(calls.items())}


def write(resource_types: set[str], calls: dict[str, list[str]]) -> None:
    """Write the recording: the types of resources that Terraform made, and the calls."""
    text = json.dumps({"resource_types": sorted(resource_types), "calls": calls}, indent=1)
    RECORDING.write_text(f"{text}\n", "utf-8")


def add(resource_types: set[str], calls: dict[str, list[str]]) -> None:
    """Add types and calls to the recording."""
    known = recorded_calls()
    both = {caller: sorted({*known.get(caller, ()), *calls.get(caller, ())}) for caller in sorted({*known, *calls})}
    write(recorded_types() | resource_types, both)


def recorded_types() -> set[str]:
    """Return the types of resources that the recorded commands made."""
    return set(_recording()["resource_types"])


def recorded_calls() -> dict[str, list[str]]:
    """Return the recorded calls by caller."""
    calls: dict[str, list[str]] = _recording()["calls"]
    return calls


@functools.cache
def _recording() -> dict[str, Any]:
    recording: dict[str, Any] = json.loads(RECORDING.read_text("utf-8"))
    return recording


def unrecorded(calls: dict[str, list[str]]) -> set[str]:
    """Return the calls, as ``caller: action resource``, of which the recording has none of the same kind.

    Calls that the same permission covers are of one kind, so that a further alarm needs no new recording.
    """
    return _kinds(calls) - _kinds(recorded_calls())


def _kinds(calls: dict[str, list[str]]) -> set[str]:
    found = set()
    for caller, lines in calls.items():
        name = _NAME_OF_DEPLOYED if caller in {"apply", "plan"} else _NAME_OF_DECLARED
        found |= {" ".join([f"{caller}:", *name.sub(r"\1*", line).split(" ")[:2]]) for line in lines}
    return found


def calls_of(lines: Iterable[str], environment: str) -> Iterator[Call]:
    """Yield the calls of an environment."""
    for line in lines:
        action, resource, *keys = line.format(account=ACCOUNT_ID, environment=environment).split(" ")
        context: dict[str, Any] = dict(key.split("=", 1) for key in keys)
        for key in _LISTED_KEYS & context.keys():
            context[key] = context[key].split(",")
        yield Call(action, resource, context)


def _line(record: dict[str, Any]) -> str:
    context = {key.lower(): value for key, value in record["context"].items()}
    keys = [
        f"{key}={','.join(value) if isinstance(value, list) else value}"
        for key, value in sorted(context.items())
        if not key.endswith(_OTHER_TAGS)
    ]
    resource = _with_placeholders(record["resource"])
    bucket, slash, key = resource.partition("/")
    if resource.startswith("arn:aws:s3:::") and not key.startswith("rivulet/"):
        resource = f"{bucket}{slash}{_GENERATED_IN_KEY.sub('id', key)}"
    return " ".join([record["action"], resource, *map(_with_placeholders, keys)])


def _with_placeholders(text: str) -> str:
    for name, placeholder in _NAMES:
        text = text.replace(name, placeholder)
    # The environment has one key, which policies name.
    return _GENERATED.sub("id", text).replace(":key/id", ":key/{environment}-key")
