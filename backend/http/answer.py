"""The answer in the form of API Gateway's Lambda proxy integration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping


class Answer(TypedDict):
    """The result of a Lambda proxy integration."""

    statusCode: int
    headers: dict[str, str]
    body: str
    isBase64Encoded: bool


def answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a compact JSON body; its `Content-Type` is always `application/json`.

    Half a surrogate pair, which a JSON string of a request may hold, becomes a question mark: Lambda cannot send it.
    """
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "body": text.encode(errors="replace").decode(),
        "isBase64Encoded": False,
    }
