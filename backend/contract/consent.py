"""Whether bytes that are no valid event may deny consent, so that they must not be stored."""

from __future__ import annotations

import json
import re
import zlib

FIELD = "consent"

# A key in any spelling, escaped or not, and what follows it: only "granted" is a grant.
_ESCAPED = re.compile(rb"\\u00([0-7][0-9a-fA-F])")
_MENTION = re.compile(rb"consent", re.IGNORECASE)
_GRANT = re.compile(rb'"consent"\s*:\s*"granted"')
_GZIP_MAGIC = b"\x1f\x8b\x08"

_MAX_CONTENT_BYTES = 8 * 1024 * 1024
_MAX_GZIP_STREAMS = 50
"""Streams in a row, each of which costs a copy of the bytes behind it."""


def may_deny_consent(payload: bytes) -> bool:
    """Return whether a refused record or body may hold a denial of consent.

    In well-formed JSON a field `consent`, in any case and at any depth, must have the value `granted` each time that
    it occurs. In other bytes every mention of the word must be such a field. JSON that is cut off may have lost its
    denial, so it counts as one, and so does gzip that cannot be read to its end.
    """
    if payload.startswith(_GZIP_MAGIC):
        content = _decompress(payload)
        if content is None:
            return True
        payload = content
    text = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), payload.replace(b"\x00", b""))
    try:
        # A number is not converted: int raises a ValueError of its own for one of more than 4,300 digits.
        return _denies(json.loads(payload, object_pairs_hook=_Fields, parse_int=str))
    except json.JSONDecodeError as error:
        if _is_cut_off(error):
            return True
    except (UnicodeDecodeError, RecursionError):
        pass
    return len(_MENTION.findall(text)) != len(_GRANT.findall(text))


class _Fields(list[tuple[str, object]]):
    """The fields of a JSON object in order, those that occur twice included."""


def _denies(value: object) -> bool:
    if isinstance(value, _Fields):
        return any((name.strip().lower() == FIELD and held != "granted") or _denies(held) for name, held in value)
    return isinstance(value, list) and any(_denies(held) for held in value)


def _is_cut_off(error: json.JSONDecodeError) -> bool:
    end = len(error.doc.rstrip())
    return end > 0 and (error.pos >= end or error.msg.startswith("Unterminated string"))


def _decompress(payload: bytes) -> bytes | None:
    """Return the content of gzip; None where it is damaged, truncated or too large to be read to its end."""
    content = b""
    for _ in range(_MAX_GZIP_STREAMS):
        decompressor = zlib.decompressobj(wbits=31)
        try:
            content += decompressor.decompress(payload, _MAX_CONTENT_BYTES + 1 - len(content))
        except zlib.error:
            return None
        payload = decompressor.unused_data
        if not decompressor.eof or len(content) > _MAX_CONTENT_BYTES:
            return None
        if not payload:
            return content
    return None
