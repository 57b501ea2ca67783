"""The context columns of a request that its headers and its time state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html; several may be
# true, as of a tablet, which is mobile too.
_DEVICE_OF_HEADER = {
    "cloudfront-is-tablet-viewer": "tablet",
    "cloudfront-is-smarttv-viewer": "tv",
    "cloudfront-is-mobile-viewer": "phone",
    "cloudfront-is-desktop-viewer": "desktop",
}
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-CH-UA-Mobile
_MOBILE_HINT, _DEVICE_OF_HINT = "sec-ch-ua-mobile", {"?1": "phone", "?0": "desktop"}


def derive_context(headers: Mapping[str, str], now: int) -> dict[str, str]:
    """Return the context columns that a browser's request states, as its events have them.

    Parameters
    ----------
    headers
        By name in lower case.
    now
        Milliseconds since the epoch.

    Returns
    -------
    dict of str to str
        HOUR in UTC, 00 to 23, and DEVICE where a header states it.
    """
    device = next((kind for name, kind in _DEVICE_OF_HEADER.items() if headers.get(name) == "true"), None)
    device = device or _DEVICE_OF_HINT.get(headers.get(_MOBILE_HINT, ""))
    hour = f"{datetime.fromtimestamp(now / 1000, UTC):%H}"
    return {"HOUR": hour} if device is None else {"DEVICE": device, "HOUR": hour}
