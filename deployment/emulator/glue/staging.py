"""Mirrors the S3 locations in a job's arguments on disk, since Spark has no S3 client on the laptop.

Before the run every object under a location is copied into the mirror, and the argument names the mirror instead. After
a successful run the files that the job wrote, changed or deleted under a location are put or deleted in the bucket, in
the order in which they were written, so that a manifest follows the objects that it lists. A failed run changes no
bucket.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployment.emulator.s3 import objects

if TYPE_CHECKING:
    from pathlib import Path

# Locations that are for Glue, not for the script (https://docs.aws.amazon.com/glue/latest/dg/
# aws-glue-programming-etl-glue-arguments.html).
FOR_GLUE = frozenset(
    {
        "--TempDir",
        "--additional-python-modules",
        "--extra-files",
        "--extra-jars",
        "--extra-py-files",
        "--scriptLocation",
        "--spark-event-logs-path",
    }
)


@dataclass(frozen=True)
class Mirror:
    """One S3 location and its copy on disk.

    Parameters
    ----------
    root
        The folder that stands for the bucket.
    before
        The files before the run: path to modification time (ns) and size (bytes).
    """

    bucket: str
    prefix: str
    root: Path
    before: dict[Path, tuple[int, int]]

    @property
    def path(self) -> str:
        """The value of the argument for the script; a trailing slash is kept."""
        return f"{self.root}/{self.prefix}"


def stage(arguments: dict[str, str], folder: Path) -> tuple[dict[str, str], list[Mirror]]:
    """Copy the objects under the arguments' S3 locations, and replace the locations by the copies.

    Parameters
    ----------
    arguments
        The run's arguments, names with their dashes.
    folder
        The folder of the mirrors; locations in the same bucket share a folder, so that one may lie within the other.

    Returns
    -------
    tuple
        The arguments for the script, and the mirrors to publish afterwards.

    Raises
    ------
    deployment.emulator.s3.objects.ObjectStoreError
        If a location's bucket does not exist.
    """
    rewritten, mirrors = dict(arguments), []
    for name, value in arguments.items():
        if name in FOR_GLUE or not value.startswith(("s3://", "s3a://")):
            continue
        bucket, prefix = objects.split(value)
        mirror = _copy(bucket, prefix, folder / bucket)
        mirrors.append(mirror)
        rewritten[name] = mirror.path
    return rewritten, mirrors


def publish(mirrors: list[Mirror]) -> int:
    """Put and delete objects so that the buckets hold the files of the mirrors."""
    before: dict[Path, tuple[str, Path, tuple[int, int]]] = {}
    after: dict[Path, tuple[str, Path]] = {}
    for mirror in mirrors:
        before |= {path: (mirror.bucket, mirror.root, state) for path, state in mirror.before.items()}
        after |= dict.fromkeys(_files(mirror), (mirror.bucket, mirror.root))
    changed = [path for path in after if path not in before or before[path][2] != _state(path)]
    for path in sorted(changed, key=lambda path: path.stat().st_mtime_ns):
        bucket, root = after[path]
        objects.write(bucket, path.relative_to(root).as_posix(), path.read_bytes())
    deleted = [path for path in before if path not in after]
    for path in deleted:
        bucket, root, _ = before[path]
        objects.delete(bucket, path.relative_to(root).as_posix())
    return len(changed) + len(deleted)


def _copy(bucket: str, prefix: str, root: Path) -> Mirror:
    before = {}
    (root / prefix if prefix.endswith("/") or not prefix else (root / prefix).parent).mkdir(parents=True, exist_ok=True)
    for stored in objects.list_objects(bucket, prefix):
        target = root / stored.key
        # The console creates keys that end in a slash as folders. Keys that leave the folder are skipped.
        if stored.key.endswith("/") or not target.resolve().is_relative_to(root.resolve()):
            continue
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            # The copy keeps the object's time: a job may compare the times of two files.
            shutil.copy2(stored.path, target)
        before[target] = _state(target)
    return Mirror(bucket, prefix, root, before)


def _files(mirror: Mirror) -> list[Path]:
    folder = mirror.root / mirror.prefix
    paths = folder.rglob("*") if folder.is_dir() else folder.parent.glob(f"{folder.name}*")
    # Hadoop writes a checksum file beside each file on a local disk, but not on S3.
    return [path for path in paths if path.is_file() and not (path.name.startswith(".") and path.suffix == ".crc")]


def _state(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size
