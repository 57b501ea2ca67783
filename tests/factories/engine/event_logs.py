"""Event logs of the engine on disk, in today's format and in that of earlier versions."""

from __future__ import annotations

import asyncio
import base64
import struct
import zlib
from typing import TYPE_CHECKING

from model.engine.storage.event_log.log import EventLog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# A segment that commit 750bc6a wrote: the frames [one, two] and [three].
OF_AN_EARLIER_VERSION = base64.b64decode("UlZMVExPRzEOAAAA4b7/XgMAAABvbmUDAAAAdHdvCQAAAAl+eSwFAAAAdGhyZWU=")


def format_1(frames: Iterable[list[bytes]]) -> bytes:
    """Return a segment as earlier versions wrote it."""
    content = b"RVLTLOG1"
    for records in frames:
        body = b"".join(struct.pack("<I", len(record)) + record for record in records)
        content += struct.pack("<II", len(body), zlib.crc32(body)) + body
    return content


def write_log(directory: Path, batches: Iterable[list[bytes]]) -> None:
    """Open a log, and append each batch as a frame."""

    async def write() -> None:
        log = EventLog(directory)
        for _ in log.replay():
            pass
        for batch in batches:
            await log.append(batch)
        await log.close()

    asyncio.run(write())


def read_records(directory: Path) -> list[bytes]:
    """Open a log, and return its records."""
    log = EventLog(directory)
    records = list(log.replay())
    asyncio.run(log.close())
    return records
