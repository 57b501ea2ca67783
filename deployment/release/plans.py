"""A plan from the pull request or commit that it was made of to the apply of exactly that plan.

The plan file holds every value of the configuration, secrets included, so it leaves the job only for the environment's
own prefix of the state bucket. It is stored together with what it was made from: the commit, and the hash of each
archive. A deployment keeps the SHA-256 of that bundle, and the apply refuses any other bundle, commit or archive.
Terraform itself refuses a plan that is older than the state.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployment.package.sources import function_files, job_files
from deployment.release.environment import ReleaseError
from deployment.release.redaction import is_change, summarize
from deployment.release.training import describe_training
from deployment.terraform import PROJECT, PROJECT_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deployment.release.environment import Environment

_PLAN, _RECORD = "plan.tfplan", "record.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHANGED = 2  # of -detailed-exitcode


@dataclass(frozen=True)
class Plan:
    """A plan: whether it changes anything, its redacted text in Markdown, and the SHA-256 of the stored bundle."""

    is_changed: bool
    text: str
    sha256: str | None


def plan(environment: Environment, commit: str, folder: Path, *, is_stored: bool) -> Plan:
    """Plan an environment and store the plan's bundle; the state is not locked, since the role cannot write it.

    Parameters
    ----------
    commit
        The commit that is checked out.
    folder
        Where the plan file and its JSON are written, which nothing else may publish.
    is_stored
        Whether the plan can be applied: that of a pull request is not stored.

    Raises
    ------
    ReleaseError
        If an archive is older than the sources, whose change the plan would not show.
    """
    check_archives(environment)
    environment.initialize()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / _PLAN
    status, _ = environment.terraform(
        *("plan", "-input=false", "-lock=false", "-no-color", "-detailed-exitcode", f"-out={file}"),
        environment.variable_file,
        accepted=(0, _CHANGED),
    )
    shown = json.loads(environment.terraform("show", "-json", str(file))[1])
    described = folder / "plan.json"
    described.write_text(json.dumps(shown), encoding="utf-8")
    text = (
        f"### Plan of {environment.name}\n\n{summarize(shown)}{describe_training(shown)}{_cost_difference(described)}"
    )
    sha256 = None
    if is_stored:
        record = {"environment": environment.name, "commit": commit, "archives": hashes(environment)}
        sha256 = _store(environment, file.read_bytes(), record)
        text += f"\nSHA-256 `{sha256}` of commit `{commit}`\n"
    return Plan(status == _CHANGED, text, sha256)


def check_archives(environment: Environment) -> None:
    """Refuse archives whose files of this project differ from those in the working tree."""
    changed = [
        f"{name} ({', '.join(files[:3])}{' …' * (len(files) > 3)})"
        for name, path in environment.archives().items()
        if (files := _changed_files(name, path))
    ]
    if changed:
        target = "local" if environment.name == "local" else "aws"
        raise ReleaseError(
            f"archives differ from the sources: {'; '.join(changed)}. Build them again: "
            f"build/env/main/bin/python -m deployment.package --target {target}"
        )


def _changed_files(name: str, path: Path) -> list[str]:
    """Return the files of the project that an archive lacks, has in another version, or should not have."""
    kind, _, file = name.partition("/")
    if path.suffix == ".py":
        return [] if path.read_bytes() == (PROJECT / "scripts" / file).read_bytes() else [f"scripts/{file}"]
    expected = function_files(PROJECT, path.stem) if kind == "lambda" else job_files(PROJECT)
    folders = tuple({f"{each.partition('/')[0]}/" for each in expected})
    with zipfile.ZipFile(path) as archive:
        present = {each for each in archive.namelist() if each.startswith(folders)}
        return sorted(
            each
            for each in present | expected.keys()
            if each not in present or each not in expected or archive.read(each) != expected[each].read_bytes()
        )


def _cost_difference(described: Path) -> str:
    """Return the difference of the costs that `deployment.cost` finds in the plan, in Markdown."""
    done = subprocess.run(
        [sys.executable, "-m", "deployment.cost", "--markdown", "--plan", str(described)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"\nThe cost could not be computed: {done.stderr.strip()[-300:]}\n"
    return f"\n{done.stdout}"


def hashes(environment: Environment) -> dict[str, str]:
    """Return the SHA-256 of each archive by name; `ReleaseError` if there are none."""
    found = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in environment.archives().items()}
    if not found:
        raise ReleaseError("there are no archives: make package")
    return found


def _store(environment: Environment, plan_file: bytes, record: Mapping[str, Any]) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr(_PLAN, plan_file)
        bundle.writestr(_RECORD, json.dumps(record, sort_keys=True))
    sha256 = hashlib.sha256(content.getvalue()).hexdigest()
    environment.client("s3").put_object(
        Bucket=environment.state_bucket,
        Key=plan_key(environment, sha256),
        Body=content.getvalue(),
        **environment.encryption(),
    )
    return sha256


def plan_key(environment: Environment, sha256: str) -> str:
    """Return the key of a plan's bundle."""
    return f"{PROJECT_NAME}/{environment.name}/plans/{sha256}.zip"


def fetch(environment: Environment, sha256: str, commit: str, folder: Path) -> Path:
    """Fetch a stored plan and return its file; `ReleaseError` if bundle, commit or archives differ."""
    if not _SHA256.fullmatch(sha256):
        raise ReleaseError(f"{sha256} is no SHA-256 of a plan: give all 64 digits")
    try:
        stored = environment.client("s3").get_object(Bucket=environment.state_bucket, Key=plan_key(environment, sha256))
    except ClientError as error:
        raise ReleaseError(f"the plan {sha256} is not stored ({error}): plan again") from error
    content: bytes = stored["Body"].read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ReleaseError(f"the stored plan is not the one with SHA-256 {sha256}: it was changed; plan again")
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        record = json.loads(bundle.read(_RECORD))
        plan_file = bundle.read(_PLAN)
    for name, expected, actual in (
        ("environment", environment.name, record["environment"]),
        ("commit", commit, record["commit"]),
    ):
        if expected != actual:
            raise ReleaseError(f"the plan is of {name} {actual}, not {expected}: plan again")
    present = hashes(environment)
    differing = sorted(
        name for name in record["archives"].keys() | present.keys() if record["archives"].get(name) != present.get(name)
    )
    if differing:
        raise ReleaseError(f"archives differ from the planned ones: {', '.join(differing)}")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / _PLAN
    file.write_bytes(plan_file)
    return file


def changed_types(shown: Mapping[str, Any]) -> set[str]:
    """Return the types of resources that a plan changes."""
    return {change["type"] for change in shown.get("resource_changes", []) if is_change(change)}
