"""Uploads built pages to their bucket, so that a visitor gets a whole release: never a page without its files.

Files with a hash in the name are uploaded first and pages last, and a file that a release no longer has stays for a
week: a page that was loaded before still finds it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Types by suffix: with `nosniff` a browser runs no script and applies no style of another type."""

FOREVER: Final = "public, max-age=31536000, immutable"
"""For a file whose name has the hash of its content: another content is another file."""

NEVER: Final = "no-cache"
"""For other files: they are kept, but not used before the server has said that they are unchanged."""

START_PAGE: Final = "index.html"

WRITTEN_BY_TERRAFORM: Final = frozenset({"config.json"})

KEPT: Final = timedelta(days=7)
"""How long a file stays after the release that no longer has it."""

_HASHED = re.compile(r"assets/[^/]+-[0-9A-Za-z_]{8,}\.[a-z0-9]+")
_LOADED = re.compile(r"""<(?:script|link|img)\b[^>]*?\b(?:src|href)=["'](?!(?:[a-z]+:|//|#))([^"'?#]+)""")
_RETIRED = "retired"  # the tag with the date of that release


class PagesError(Exception):
    """The pages cannot be uploaded; the message has the reason and the remedy."""


@dataclass(frozen=True)
class Uploaded:
    """The keys that were uploaded, and those that were deleted, each in order."""

    files: tuple[str, ...]
    deleted: tuple[str, ...]


def built_files(folder: Path) -> list[str]:
    """Return the files of built pages in the order of their upload: hashed files, others, pages, the start page.

    Raises
    ------
    PagesError
        Where nothing was built, a page names a file that is not there, or a file is a link, has an unknown type or a
        name that Terraform writes.
    """
    if not (folder / START_PAGE).is_file():
        raise PagesError(f"{folder} has no {START_PAGE}: run make build/pages/.ready, which builds them there")
    paths = [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    names = [path.relative_to(folder).as_posix() for path in paths]
    names = [name for name in names if not name.rpartition("/")[2].startswith(".")]
    for path in paths:
        if path.is_symlink():
            raise PagesError(f"{path} is a link, whose target may be no page: remove it")
    for name in names:
        for named in _files_named_by(folder / name) if name.endswith(".html") else ():
            if named not in names:
                raise PagesError(f"{folder / name} names {named}, which is not there: run make build/pages/.ready")
    for name in names:
        if name in WRITTEN_BY_TERRAFORM:
            raise PagesError(f"{folder / name} would replace the file of Terraform: remove it")
        if _suffix(name) not in CONTENT_TYPES:
            raise PagesError(f"{folder / name} has an unknown type: add {_suffix(name)} to CONTENT_TYPES")
    return sorted(names, key=lambda name: (name == START_PAGE, name.endswith(".html"), not _is_hashed(name), name))


def upload(s3: Any, bucket: str, folder: Path, now: datetime | None = None) -> Uploaded:
    """Upload built pages, and delete files of releases that ended a week ago.

    Parameters
    ----------
    s3
        Client of S3.
    now
        The time of the release; by default the present.

    Raises
    ------
    PagesError
        As `built_files`.
    """
    files = built_files(folder)
    for name in files:
        s3.put_object(
            Bucket=bucket,
            Key=name,
            Body=(folder / name).read_bytes(),
            ContentType=CONTENT_TYPES[_suffix(name)],
            CacheControl=FOREVER if _is_hashed(name) else NEVER,
        )
    left = [key for key in _keys(s3, bucket) if key not in {*files, *WRITTEN_BY_TERRAFORM}]
    return Uploaded(tuple(files), tuple(_delete_old(s3, bucket, left, now or datetime.now(UTC))))


def invalidate(cloudfront: Any, distribution_id: str, files: Sequence[str]) -> None:
    """Make CloudFront forget the files without a hash in the name, and wait until every edge location has.

    Parameters
    ----------
    cloudfront
        Client of CloudFront.
    """
    paths = ["/", *(f"/{name}" for name in sorted(files) if not _is_hashed(name))]
    made = cloudfront.create_invalidation(
        DistributionId=distribution_id,
        InvalidationBatch={"Paths": {"Quantity": len(paths), "Items": paths}, "CallerReference": uuid4().hex},
    )
    waiter = cloudfront.get_waiter("invalidation_completed")
    waiter.wait(DistributionId=distribution_id, Id=made["Invalidation"]["Id"])


def _delete_old(s3: Any, bucket: str, keys: Sequence[str], now: datetime) -> Iterator[str]:
    for key in keys:
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}
        if _RETIRED not in tags:
            tag = {"Key": _RETIRED, "Value": now.isoformat(timespec="seconds")}
            s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": [tag]})
        elif now - datetime.fromisoformat(tags[_RETIRED]) >= KEPT:
            s3.delete_object(Bucket=bucket, Key=key)
            yield key


def _keys(s3: Any, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def _files_named_by(page: Path) -> list[str]:
    """Return the files of this origin that the markup of a page loads."""
    return [name.removeprefix("/") for name in _LOADED.findall(page.read_text(encoding="utf-8"))]


def _is_hashed(name: str) -> bool:
    return _HASHED.fullmatch(name) is not None


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2]
