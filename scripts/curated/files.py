"""Lists, moves and deletes files by Hadoop's FileSystem: local, and S3 under Glue."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession


class RunInProgressError(RuntimeError):
    """Another run is writing the curated tables."""


class Files:
    """The files below one folder, which ends with a slash; every path is relative to it."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        context: Any = spark.sparkContext
        self._jvm = context._jvm  # noqa: SLF001 - PySpark's only access to Hadoop's files
        self._configuration = context._jsc.hadoopConfiguration()  # noqa: SLF001
        self._new_path = self._jvm.org.apache.hadoop.fs.Path
        self._system = self._new_path(folder).getFileSystem(self._configuration)
        self._folder = folder

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Refuse a second run on a local folder until this one ends, however it ends; `RunInProgressError`.

        S3 has no such lock: there Glue's limit of concurrent runs is 1.
        """
        if not self._is_local:
            yield
            return
        folder = self._local("")
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise RunInProgressError(
                f"another run is writing {self._folder}: start this one again when that has ended"
            ) from None
        try:
            yield
        finally:
            os.close(descriptor)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files and folders in a folder, sorted; none where it does not exist."""
        path = self._path(folder)
        if not self._system.exists(path):
            return []
        return sorted(status.getPath().getName() for status in self._system.listStatus(path))

    def data_files(self, folder: str) -> list[str]:
        """Return the names of the Parquet files in a folder, sorted."""
        return [name for name in self.names(folder) if name.endswith(".parquet") and name[0] not in "._"]

    def exists(self, path: str) -> bool:
        """Return whether a file or folder exists."""
        return bool(self._system.exists(self._path(path)))

    def move(self, source: str, target: str) -> None:
        """Move a file; a reader of a file of the same name meets either that one or the new one, never a part."""
        path = self._path(target)
        self._system.mkdirs(path.getParent())
        if self._is_local:
            self._move_local(source, target)
        elif self._system.exists(path):
            # On S3 a file that is written appears as a whole; a rename would first have to delete the one before.
            copy = self._jvm.org.apache.hadoop.fs.FileUtil.copy
            copy(self._system, self._path(source), self._system, path, True, True, self._configuration)
        elif not self._system.rename(self._path(source), path):
            raise OSError(f"{self._folder}{source} could not be moved to {self._folder}{target}")

    def delete(self, path: str) -> None:
        """Delete a file or folder, if it exists."""
        self._system.delete(self._path(path), True)

    def write(self, path: str, content: bytes) -> None:
        """Write a file as a whole: where the write fails, no file of this name appears on S3."""
        stream = self._system.create(self._path(path), True)
        try:
            stream.write(bytearray(content))
        finally:
            stream.close()

    def read(self, path: str) -> bytes:
        """Read a small file."""
        location = self._path(path)
        length = self._system.getFileStatus(location).getLen()
        stream = self._system.open(location)
        try:
            return bytes(stream.readNBytes(int(length)))
        finally:
            stream.close()

    @property
    def _is_local(self) -> bool:
        return bool(self._system.getScheme() == "file")

    def _move_local(self, source: str, target: str) -> None:
        """Move a file and delete Hadoop's checksums, since two files cannot be replaced at once."""
        for path in (source, target):
            checksum = self._local(path)
            checksum.with_name(f".{checksum.name}.crc").unlink(missing_ok=True)
        self._local(source).replace(self._local(target))

    def _local(self, path: str) -> Path:
        return Path(self._path(path).toUri().getPath())

    def _path(self, path: str) -> Any:
        return self._new_path(f"{self._folder}{path}")
