"""DynamoDB in memory, with the limits that AWS documents and faults on request."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import json
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tests.fakes.faults import Faults, client_error, played

if TYPE_CHECKING:
    from collections.abc import Callable

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_BATCH_WRITES = 25
MAX_BATCH_READS = 100
MAX_ITEM_BYTES = 400 * 1024


def invalid(message: str) -> Exception:
    return client_error("ValidationException", 400, message=message)


class FakeDynamoDB:
    """The calls of the low-level client that Rivulet makes, on tables given as name → key attributes."""

    def __init__(self, tables: dict[str, tuple[str, ...]]) -> None:
        self._keys = tables
        self._lock = threading.Lock()
        self.items: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {name: {} for name in tables}
        self.faults: defaultdict[str, Faults] = defaultdict(Faults)
        # For each of the next BatchWriteItem calls, how many writes are left unprocessed; None writes nothing and
        # answers without UnprocessedItems.
        self.unprocessed: list[int | None] = []
        # Runs at the beginning of every batch.
        self.before_each: Callable[[], None] = lambda: None

    @played
    def put_item(self, *, TableName: str, Item: dict[str, Any]) -> dict[str, Any]:
        self._put(TableName, Item)
        return {}

    @played
    def get_item(self, *, TableName: str, Key: dict[str, Any]) -> dict[str, Any]:
        item = self.items[TableName].get(self._key(TableName, Key))
        return {"Item": item} if item else {}

    def batch_write_item(self, *, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        self.before_each()
        answer: dict[str, Any] = self.faults["batch_write_item"].play(lambda: self._write(RequestItems))
        return answer

    def _write(self, request: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        writes = [(table, write["PutRequest"]["Item"]) for table, asked in request.items() for write in asked]
        if not 1 <= len(writes) <= MAX_BATCH_WRITES:
            raise invalid(f"1 to {MAX_BATCH_WRITES} writes, not {len(writes)}")
        if len({(table, self._key(table, item)) for table, item in writes}) != len(writes):
            raise invalid("Provided list of item keys contains duplicates")
        with self._lock:
            left = self.unprocessed.pop(0) if self.unprocessed else 0
        if left is None:
            return {}
        failing = self.faults["batch_write_item"].current.failing | set(range(len(writes) - left, len(writes)))
        done = [write for position, write in enumerate(writes) if position not in failing]
        undone = [write for position, write in enumerate(writes) if position in failing]
        for table, item in done:
            self._put(table, item)
        unprocessed: dict[str, list[dict[str, Any]]] = {}
        for table, item in undone:
            unprocessed.setdefault(table, []).append({"PutRequest": {"Item": item}})
        return {"UnprocessedItems": unprocessed}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self.before_each()
        answer: dict[str, Any] = self.faults["batch_get_item"].play(lambda: self._read(RequestItems))
        return answer

    def _read(self, request: dict[str, Any]) -> dict[str, Any]:
        if sum(len(asked["Keys"]) for asked in request.values()) > MAX_BATCH_READS:
            raise invalid(f"at most {MAX_BATCH_READS} keys")
        keys = [(table, self._key(table, key)) for table, asked in request.items() for key in asked["Keys"]]
        if len(set(keys)) != len(keys):
            raise invalid("Provided list of item keys contains duplicates")
        found: dict[str, list[dict[str, Any]]] = {}
        for table, asked in request.items():
            items = (self.items[table].get(self._key(table, key)) for key in asked["Keys"])
            found[table] = [item for item in items if item]
        return {"Responses": found, "UnprocessedKeys": {}}

    @played
    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: dict[str, Any],
        ProjectionExpression: str,
        ScanIndexForward: bool,
        Limit: int,
        ConsistentRead: bool,
    ) -> dict[str, Any]:
        hash_key, range_key = self._keys[TableName]
        name, _, placeholder = KeyConditionExpression.partition(" = ")
        assert name == hash_key
        wanted = ExpressionAttributeValues[placeholder]["S"]
        items = [item for item in self.items[TableName].values() if item[hash_key]["S"] == wanted]
        items.sort(key=lambda item: item[range_key]["S"], reverse=not ScanIndexForward)
        return {"Items": [{ProjectionExpression: item[ProjectionExpression]} for item in items[:Limit]]}

    def _put(self, table: str, item: dict[str, Any]) -> None:
        size = len(json.dumps(item))
        if size > MAX_ITEM_BYTES:
            raise invalid(f"Item size has exceeded the maximum allowed size: {size}")
        with self._lock:
            self.items[table][self._key(table, item)] = item

    def _key(self, table: str, item: dict[str, Any]) -> tuple[str, ...]:
        key = tuple(item[name]["S"] for name in self._keys[table])
        if not all(key):
            raise invalid("an empty key attribute")
        return key
