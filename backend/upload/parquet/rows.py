"""The rows of a Parquet object, by a process that reads it: the parent serves it bytes, and takes its records."""

from __future__ import annotations

import functools
import os
import select
import subprocess
import sys
import tempfile
import typing
from typing import TYPE_CHECKING

import msgspec

from backend.contract import FieldError, Refusal
from backend.upload.lines import PARQUET_MAGIC, InvalidUploadError
from backend.upload.rows import UploadRow, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backend.aws.deadline import Deadline
    from backend.contract import RecordKind

GRACE_SECONDS = 1.0
"""How long after the deadline the rows that a chunk lacks may arrive."""

_READ_BYTES = 64 * 1024
_ENCRYPTED_MAGIC = b"PARE"
_refusal = msgspec.json.Decoder(tuple[str, str, str]).decode
_text = msgspec.json.Decoder(str).decode


def is_parquet(first: bytes) -> bool:
    """Return whether an object begins like Parquet.

    Raises
    ------
    InvalidUploadError
        Where it begins like encrypted Parquet.
    """
    if first.startswith(_ENCRYPTED_MAGIC):
        raise InvalidUploadError("the object is encrypted Parquet; upload it without encryption")
    return first.startswith(PARQUET_MAGIC)


def parquet_rows(
    kind: RecordKind, size: int, position: int, read_range: Callable[[int, int], bytes], deadline: Deadline
) -> Iterator[UploadRow]:
    """Yield the rows of an object of `size` bytes after those at its beginning that are already processed.

    Parameters
    ----------
    position
        Number of the processed rows, which is also what the `end` of a row counts.
    read_range
        Reads bytes of the object, from an offset and of a length.

    Raises
    ------
    InvalidUploadError
        Where the object cannot be processed, or the process that reads it ends early.
    TimeoutError
        Where a row does not arrive until some time after the deadline.
    """
    process = _start(kind, size, position)
    assert process.stdin  # noqa: S101 - a pipe
    try:
        for message in _messages(process, deadline):
            letter, content = message[:1], message[2:]
            if letter == b"R":
                offset, length = map(int, content.split())
                process.stdin.write(read_range(offset, length))
                process.stdin.flush()
            elif letter == b"F":
                raise InvalidUploadError(_text(content))
            elif letter == b"E":
                return
            else:
                position += 1
                yield UploadRow(content if letter == b"J" else _refused(content), position, position, position)
    except BrokenPipeError:
        pass
    finally:
        process.kill()
        process.communicate()
    raise InvalidUploadError(
        f"the process that reads Parquet ended with {process.returncode} at row {position + 1}; write the object with "
        "another library, or as JSON lines"
    )


def _start(kind: RecordKind, size: int, position: int) -> subprocess.Popen[bytes]:
    fields = fields_of(kind)
    order = {
        "size": size,
        "position": position,
        "fields": list(fields),
        "whole": [name for name, of in fields.items() if of in (int, list[int])],
        "objects": [name for name, of in fields.items() if typing.get_origin(of) is dict],
    }
    environment = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        # What an allocator of Arrow or of each thread reserves would count as used.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "1",
        # Lambda's folder of the code is read-only; compiled once, the libraries are imported in a quarter of the time.
        "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX") or _bytecode().name,
        # The rest of the environment, the credentials among it, is none of its business.
        **{name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
    }
    return subprocess.Popen(
        [sys.executable, "-m", "backend.upload.parquet", msgspec.json.encode(order).decode()],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback may have values of the object
    )


@functools.cache
def _bytecode() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for as long as this process lives."""
    return tempfile.TemporaryDirectory(prefix="bytecode-")


def _messages(process: subprocess.Popen[bytes], deadline: Deadline) -> Iterator[bytes]:
    """Yield the lines of a process without their ends, until it ends."""
    assert process.stdout  # noqa: S101 - a pipe
    output = process.stdout.fileno()
    pending = b""
    while True:
        seconds = max(0.0, deadline.seconds_left + GRACE_SECONDS)
        if seconds == 0 or not select.select([output], [], [], seconds)[0]:
            raise TimeoutError("the process that reads Parquet takes too long")
        data = os.read(output, _READ_BYTES)
        if not data:
            return
        lines = (pending + data).split(b"\n")
        pending = lines.pop()
        yield from lines


def _refused(content: bytes) -> Refusal:
    reason, field, rule = _refusal(content)
    # Without its bytes, which may be those of a user who denies consent.
    return Refusal(reason, (FieldError(field, rule),), b"")
