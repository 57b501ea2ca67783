"""S3: an object that cannot be written to disk is not acknowledged.

MiniStack writes objects and their metadata to files as they are put, and they survive the process. When the write fails
it only logs that and answers 200, and the object is missing after the next start.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from ministack.services import s3

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(_settings: Settings) -> None:
    """Override how an object is persisted."""
    persist = s3._persist_object

    def persist_or_fail(bucket: str, key: str, record: Any) -> None:
        persist(bucket, key, record)
        # MiniStack drops the body from memory once the file is written.
        if isinstance(record, dict) and record.get("body") is not None:
            raise OSError(errno.EIO, os.strerror(errno.EIO), f"{bucket}/{key}")

    s3._persist_object = persist_or_fail
