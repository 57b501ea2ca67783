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
_GZIP_MAGIC = b"\x1f\x8b"


def may_deny_consent(payload: bytes) -> bool:
    """Return whether a refused record or body may hold a denial of consent.

    In well-formed JSON a field `consent`, in any case and at any depth, must have the value `granted` each time that
    it occurs. In other bytes every mention of the word must be such a field. JSON that is cut off may have lost its
    denial, so it counts as one.
    """
    if payload.startswith(_GZIP_MAGIC):
        payload = _decompress(payload)
    text = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), payload.replace(b"\x00", b""))
    try:
        return _denies(json.loads(payload, object_pairs_hook=_Fields))
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


def _decompress(payload: bytes) -> bytes:
    """Return the beginning of a gzip stream, 8 MiB at most, or the payload where it is none."""
    try:
        return zlib.decompressobj(wbits=31).decompress(payload, 8 * 1024 * 1024)
    except zlib.error:
        return payload
