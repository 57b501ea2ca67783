"""S3 locations in a job's arguments, mirrored on disk for Spark, which has no S3 client on the laptop.

Before the run every object under a location is copied into the mirror and the argument names the mirror instead. After
a run that succeeded, what the job wrote, changed or deleted under a location is put or deleted in the bucket, in the
order in which it was written, so that a manifest comes after what it lists. A run that failed changes no bucket.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployment.emulator import objects

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
    bucket, prefix
        The location.
    root
        The folder that stands for the bucket.
    before
        Files as they were put here: path to modification time (ns) and size (bytes).
    """

    bucket: str
    prefix: str
    root: Path
    before: dict[Path, tuple[int, int]]

    @property
    def path(self) -> str:
        """What the argument becomes; a trailing slash is kept."""
        return f"{self.root}/{self.prefix}"


def stage(arguments: dict[str, str], folder: Path) -> tuple[dict[str, str], list[Mirror]]:
    """Copy what the arguments' S3 locations hold and name the copies in their place.

    Parameters
    ----------
    arguments
        The run's arguments, names with their dashes.
    folder
        Where the mirrors go; locations in the same bucket share a folder, so that one may lie within the other.

    Returns
    -------
    tuple
        The arguments for the script, and the mirrors to publish afterwards.

    Raises
    ------
    deployment.emulator.objects.ObjectStoreError
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
    """Make the buckets hold what the job left in the mirrors.

    Returns
    -------
    int
        How many objects were put or deleted.
    """
    before: dict[Path, tuple[str, Path, tuple[int, int]]] = {}
    after: dict[Path, tuple[str, Path]] = {}
    for mirror in mirrors:
        before |= {path: (mirror.bucket, mirror.root, state) for path, state in mirror.before.items()}
        after |= dict.fromkeys(_files(mirror), (mirror.bucket, mirror.root))
    changed = [path for path in after if path not in before or before[path][2] != _state(path)]
    for path in sorted(changed, key=lambda path: path.stat().st_mtime_ns):
        bucket, root = after[path]
        objects.write(bucket, path.relative_to(root).as_posix(), path.read_bytes())
    gone = [path for path in before if path not in after]
    for path in gone:
        bucket, root, _ = before[path]
        objects.delete(bucket, path.relative_to(root).as_posix())
    return len(changed) + len(gone)


def _copy(bucket: str, prefix: str, root: Path) -> Mirror:
    before = {}
    (root / prefix if prefix.endswith("/") or not prefix else (root / prefix).parent).mkdir(parents=True, exist_ok=True)
    for stored in objects.list_objects(bucket, prefix):
        target = root / stored.key
        # A key that ends in a slash is a console's idea of a folder; one that climbs out is nobody's.
        if stored.key.endswith("/") or not target.resolve().is_relative_to(root.resolve()):
            continue
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            # With its time, which is the object's: a job may ask which of two files is the newer one.
            shutil.copy2(stored.path, target)
        before[target] = _state(target)
    return Mirror(bucket, prefix, root, before)


def _files(mirror: Mirror) -> list[Path]:
    folder = mirror.root / mirror.prefix
    found = folder.rglob("*") if folder.is_dir() else folder.parent.glob(f"{folder.name}*")
    # Hadoop keeps a checksum file beside each file on a local disk; on S3 there is none.
    return [path for path in found if path.is_file() and not (path.name.startswith(".") and path.suffix == ".crc")]


def _state(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size
