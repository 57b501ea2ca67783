"""The one shape of an HTTP answer, as API Gateway's Lambda proxy integration wants it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping


class Answer(TypedDict):
    """What a Lambda proxy integration returns."""

    statusCode: int
    headers: dict[str, str]
    body: str
    isBase64Encoded: bool


def answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Make the answer that API Gateway passes on.

    Parameters
    ----------
    status
        HTTP status code.
    body
        What is said, written as compact JSON.
    headers
        Headers beside `Content-Type`, which is always `application/json`.

    Returns
    -------
    Answer
        The proxy integration's answer.
    """
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }
