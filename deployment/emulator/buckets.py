"""An object that could not be written to disk is not acknowledged.

MiniStack writes objects and their metadata to files as they are put, and they outlive the process; but when the disk
does not take one it only logs that and answers 200, and the object is gone at the next start.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from ministack.services import s3

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(_settings: Settings) -> None:
    """Put this in the place of MiniStack's.

    Parameters
    ----------
    _settings
        The choices of this run, none of which matter here.
    """
    persist = s3._persist_object

    def persist_or_fail(bucket: str, key: str, record: Any) -> None:
        persist(bucket, key, record)
        # Where the file was written the body is no longer kept in memory.
        if isinstance(record, dict) and record.get("body") is not None:
            raise OSError(errno.EIO, os.strerror(errno.EIO), f"{bucket}/{key}")

    s3._persist_object = persist_or_fail
