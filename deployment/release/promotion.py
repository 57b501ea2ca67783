"""The archives of one environment for another: fetched by their hashes, never built again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployment.release.applying import archive_key, is_optional, release_key
from deployment.release.environment import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deployment.release.environment import Environment

_KEY_HASH_CHARACTERS = 12  # as in infrastructure/modules/function/main.tf and infrastructure/modules/etl/locals.tf


def promote(source: Environment, commit: str, folder: Path) -> dict[str, str]:
    """Write the archives that an environment runs for a commit below a folder, and return their hashes.

    Parameters
    ----------
    folder
        Folder like ``build``: it gets ``lambda/aws/<function>.zip`` and ``glue``.

    Raises
    ------
    ReleaseError
        If the commit was not applied there, or an archive is missing or has another hash.
    """
    storage = source.client("s3")
    try:
        stored = storage.get_object(Bucket=source.state_bucket, Key=release_key(source, commit))
        record = json.loads(stored["Body"].read())
        contents = {
            name: storage.get_object(**_place(source, record, name, sha256))["Body"].read()
            for name, sha256 in record["archives"].items()
        }
    except ClientError as error:
        message = f"commit {commit} is not applied to {source.name}, or its archives are gone ({error})"
        raise ReleaseError(f"{message}: deploy it there first") from error
    changed = [
        name for name, sha256 in record["archives"].items() if hashlib.sha256(contents[name]).hexdigest() != sha256
    ]
    if changed:
        raise ReleaseError(f"archives of {source.name} were changed after they were applied: {', '.join(changed)}")
    for name, content in contents.items():
        kind, _, file = name.partition("/")
        path = folder / ("lambda/aws" if kind == "lambda" else kind) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    archives: dict[str, str] = record["archives"]
    return archives


def _place(source: Environment, record: Mapping[str, Any], name: str, sha256: str) -> dict[str, str]:
    """Return bucket and key of an applied archive: where Terraform put it, or where the apply stored it."""
    if is_optional(name, record["functions"]):
        return {"Bucket": source.state_bucket, "Key": archive_key(source, sha256)}
    kind, _, file = name.partition("/")
    short = sha256[:_KEY_HASH_CHARACTERS]
    function = record["functions"].get(file.removesuffix(".zip"))
    key = f"lambda/{function}/{short}.zip" if kind == "lambda" else f"{kind}/{short}/{file}"
    return {"Bucket": record["bucket"], "Key": key}
