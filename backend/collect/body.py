"""The body of a request, unpacked without letting a small one become a huge one."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from backend.http import BadRequest, TooLarge

if TYPE_CHECKING:
    from backend.http import Request

MAX_BODY_BYTES = 1024 * 1024
"""Bytes of a body, packed or not. Of the same order as what collectors take; API Gateway itself would take 10 MB."""

_GZIP = 16 + zlib.MAX_WBITS


def read_body(request: Request) -> bytes:
    """Return the body's bytes, out of gzip where the request says so.

    Parameters
    ----------
    request
        The request, its body already out of base64.

    Returns
    -------
    bytes
        The body, at most 1 MiB.

    Raises
    ------
    TooLarge
        Where it is larger, packed or unpacked.
    BadRequest
        Where the encoding is neither gzip nor identity, or the body is not what it says.
    """
    _check_size(len(request.body))
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return request.body
    if encoding != "gzip":
        raise BadRequest("content-encoding", "must be gzip or identity")
    return _unpack(request.body)


def _unpack(packed: bytes) -> bytes:
    body = b""
    while packed:
        unpacker = zlib.decompressobj(_GZIP)
        try:
            body += unpacker.decompress(packed, MAX_BODY_BYTES + 1 - len(body))
        except zlib.error:
            raise BadRequest("body", "must be gzip where content-encoding says so") from None
        _check_size(len(body))
        if not unpacker.eof:
            raise BadRequest("body", "must be a whole gzip stream; this one is cut")
        packed = unpacker.unused_data  # several streams may follow each other
    return body


def _check_size(size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise TooLarge("body", f"must be at most {MAX_BODY_BYTES} bytes; send fewer events, or upload an object")
