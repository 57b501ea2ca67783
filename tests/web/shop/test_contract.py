"""The API that these tests play answers as the OpenAPI document says, and the pages' requests are ones that it has."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.web.shop.api import USERS, Api

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = json.loads((ROOT / "backend/contract/generated/openapi.json").read_text(encoding="utf-8"))
FIVE = [f"item-0000{number}" for number in range(5)]
LISTED = "num_results=12&details=true"
EVENT = {
    "event_type": "View",
    "event_id": uuid.uuid4().hex,
    "timestamp": datetime.now(UTC).isoformat(),
    "session_id": "s-1",
    "item_id": "item-00001",
    "device": "phone",
}

REQUESTS: list[tuple[str, str, str, Any, int]] = [
    ("POST", "/events", "/events", [EVENT], 202),
    ("GET", "/products", "/products?num_results=24&search=lamp&min_price=1&max_price=500", None, 200),
    ("GET", "/products/{item_id}", "/products/item-00003", None, 200),
    ("GET", "/products/{item_id}", "/products/unknown", None, 404),
    ("GET", "/categories", "/categories", None, 200),
    ("GET", "/popular", f"/popular?{LISTED}&slot=popular", None, 200),
    (
        "GET",
        "/recommendations/{user_id}",
        f"/recommendations/{USERS[0]}?{LISTED}&explain=true&fallback=popular&slot=a",
        None,
        200,
    ),
    ("GET", "/recommendations/{user_id}", f"/recommendations/session%23s-1?{LISTED}", None, 200),
    ("GET", "/similar-items/{item_id}", f"/similar-items/item-00003?{LISTED}&slot=goes-with", None, 200),
    ("GET", "/users/{user_id}/history", f"/users/{USERS[0]}/history?num_results=25", None, 200),
    ("GET", "/users/{user_id}/history", "/users/unknown/history", None, 404),
    (
        "POST",
        "/recommendations",
        "/recommendations",
        {"items": FIVE, "facts": {"age_group": "25-34", "interests": ["Camping"], "country": "AT"}}
        | {"num_results": 12, "details": True, "slot": "five"},
        200,
    ),
    ("POST", "/recommendations", "/recommendations", {"items": FIVE[:4]}, 400),
]


def check(schema: dict[str, Any], value: Any) -> None:
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


@pytest.mark.parametrize(("method", "route", "address", "body", "status"), REQUESTS)
def test_requests_and_answers_are_those_of_the_document(method: str, route: str, address: str, body: Any, status: int):
    operation = DOCUMENT["paths"][route][method.lower()]
    if body is not None and status < 400:
        check(operation["requestBody"]["content"]["application/json"]["schema"], body)
    asked = {part.split("=")[0] for part in address.partition("?")[2].split("&") if part}
    assert asked <= {parameter["name"] for parameter in operation.get("parameters", ())}

    answered, answer = Api().answer(method, f"/v1{address}", json.dumps(body).encode() if body is not None else b"")
    assert answered == status
    check(operation["responses"][str(status)]["content"]["application/json"]["schema"], answer)
