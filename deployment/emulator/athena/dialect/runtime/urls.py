"""The parts of a URL, as java.net.URI splits it: https://trino.io/docs/current/functions/url.html."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_plus

_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_INVALID = re.compile(r'[\s<>"{}|\\^`]')


def part(url: str, name: str) -> str | None:
    """Return a part of a URL: empty if it has none, None if it is no URL or has no port."""
    found = None if _INVALID.search(url) else _URL.fullmatch(url)
    if found is None:
        return None
    scheme, authority, path, query, fragment = found.groups()
    host, _, port = (authority or "").rpartition("@")[2].partition(":")
    if name == "port":
        return port or None
    parts = {"protocol": scheme, "host": host, "path": path, "query": query, "fragment": fragment}
    return unquote_plus((parts[name] or "").replace("+", "%2B"))


def parameter(url: str, name: str) -> str | None:
    """Return the first value of a parameter of the query, or None without one."""
    query = part(url, "query")
    for entry in (query or "").split("&"):
        key, equals, value = entry.partition("=")
        if key == name:
            return value if equals else ""
    return None


def encode(text: str) -> str:
    """Encode text as ``application/x-www-form-urlencoded`` does."""
    return quote(text, safe="*-._ ").replace("~", "%7E").replace(" ", "+")


def decode(text: str) -> str:
    """Decode what `encode` encodes."""
    return unquote_plus(text)
