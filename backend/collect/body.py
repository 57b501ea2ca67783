"""The body of a request, decompressed up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.aws.gunzip import DamagedGzipError, TruncatedGzipError, gunzip
from backend.http import BadRequestError, TooLargeError

if TYPE_CHECKING:
    from backend.http import Request

MAX_BODY_BYTES = 1024 * 1024
"""Bytes of a body, compressed or not. As much as other collectors accept; API Gateway itself accepts 10 MB."""


def read_body(request: Request) -> bytes:
    """Return the body's bytes, decompressed where ``content-encoding`` is gzip.

    Raises
    ------
    TooLargeError
        Where it is larger than 1 MiB, compressed or decompressed.
    BadRequestError
        Where the encoding is neither gzip nor identity, or the body is not in that encoding.
    """
    _check_size(len(request.body))
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return request.body
    if encoding != "gzip":
        raise BadRequestError("content-encoding", "must be gzip or identity")
    return _decompress(request.body)


def _decompress(packed: bytes) -> bytes:
    pieces = []
    size = 0
    try:
        for piece in gunzip([packed]):
            pieces.append(piece)
            size += len(piece)
            _check_size(size)
    except DamagedGzipError:
        raise BadRequestError("body", "must be gzip where content-encoding says so") from None
    except TruncatedGzipError:
        raise BadRequestError("body", "must be a whole gzip stream; this one is truncated") from None
    return b"".join(pieces)


def _check_size(size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise TooLargeError("body", f"must be at most {MAX_BODY_BYTES} bytes; send fewer events, or upload an object")
