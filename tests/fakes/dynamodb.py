"""DynamoDB in memory, with the limits that AWS documents and faults on request."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.fakes.faults import Faults, client_error, played

if TYPE_CHECKING:
    from collections.abc import Callable

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_BATCH_WRITES = 25
MAX_BATCH_READS = 100
MAX_ITEM_BYTES = 400 * 1024
MAX_PAGE_BYTES = 1024 * 1024
MAX_TRANSACTION_WRITES = 100
MAX_TRANSACTION_BYTES = 4_000_000

_CONDITION = re.compile(r"(contains|attribute_exists)?\(?([\w#]+)(?:, | (>=|<=) )?(:\w+)?\)?")
NOT_LATER = "attribute_not_exists(updated_at) OR updated_at <= :updated_at"


def invalid(message: str) -> Exception:
    return client_error("ValidationException", 400, message=message)


def _name(name: str, options: dict[str, Any]) -> str:
    return str(options.get("ExpressionAttributeNames", {}).get(name, name))


def _order(item: dict[str, Any], keys: tuple[str, ...]) -> list[bytes]:
    return [item[key]["S"].encode() for key in keys]


def _passes(item: dict[str, Any], options: dict[str, Any]) -> bool:
    """Return whether an item passes a filter of conditions that are joined by AND."""
    conditions = options["FilterExpression"].split(" AND ") if "FilterExpression" in options else []
    return all(_holds(condition, item, options) for condition in conditions)


def _holds(condition: str, item: dict[str, Any], options: dict[str, Any]) -> bool:
    function, name, sign, placeholder = _CONDITION.fullmatch(condition).groups()  # type: ignore[union-attr]
    there = item.get(_name(name, options))
    if there is None or function == "attribute_exists":
        return there is not None
    value = options["ExpressionAttributeValues"][placeholder]
    if function == "contains":
        return value["S"] in there["S"]
    number, bound = Decimal(there["N"]), Decimal(value["N"])
    return number >= bound if sign == ">=" else number <= bound


class FakeDynamoDB:
    """The calls of the low-level client that Rivulet makes, on tables given as name → key attributes.

    Indexes are given as (table, name) → key attributes.
    """

    def __init__(
        self, tables: dict[str, tuple[str, ...]], indexes: dict[tuple[str, str], tuple[str, ...]] | None = None
    ) -> None:
        self._keys = tables
        self._indexes = indexes or {}
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

    @played
    def update_item(self, *, TableName: str, Key: dict[str, Any], **update: Any) -> dict[str, Any]:
        verb, attribute, placeholder = update["UpdateExpression"].split()
        assert verb == "ADD"
        added = update["ExpressionAttributeValues"][placeholder]["SS"]
        if not added or len(set(added)) != len(added):
            raise invalid("a set has one value at least, and none twice")
        there = self.items[TableName].get(self._key(TableName, Key), Key)
        values = {*there.get(attribute, {"SS": []})["SS"], *added}
        self._put(TableName, {**there, attribute: {"SS": sorted(values)}})
        return {"ConsumedCapacity": {"TableName": TableName}} if update.get("ReturnConsumedCapacity") else {}

    @played
    def delete_item(self, *, TableName: str, Key: dict[str, Any]) -> dict[str, Any]:
        self.items[TableName].pop(self._key(TableName, Key), None)
        return {}

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

    def transact_write_items(
        self, *, TransactItems: list[dict[str, Any]], ReturnConsumedCapacity: str = "NONE"
    ) -> dict[str, Any]:
        self.before_each()
        faults = self.faults["transact_write_items"]
        answer: dict[str, Any] = faults.play(lambda: self._transact([write["Put"] for write in TransactItems]))
        return answer if ReturnConsumedCapacity == "TOTAL" else {}

    def _transact(self, puts: list[dict[str, Any]]) -> dict[str, Any]:
        if not 1 <= len(puts) <= MAX_TRANSACTION_WRITES:
            raise invalid(f"1 to {MAX_TRANSACTION_WRITES} writes, not {len(puts)}")
        keys = [(put["TableName"], self._key(put["TableName"], put["Item"])) for put in puts]
        if len(set(keys)) != len(keys):
            raise invalid("Transaction request cannot include multiple operations on one item")
        if len(json.dumps(puts)) > MAX_TRANSACTION_BYTES:
            raise invalid("Transaction request exceeds the 4MB transaction size limit")
        failing = self.faults["transact_write_items"].current.failing
        codes = [
            "ThrottlingError" if position in failing else "None" if self._holds(put) else "ConditionalCheckFailed"
            for position, put in enumerate(puts)
        ]
        if set(codes) != {"None"}:
            error: Any = client_error("TransactionCanceledException", 400)
            error.response["CancellationReasons"] = [{"Code": code} for code in codes]
            raise error
        for put in puts:
            self._put(put["TableName"], put["Item"])
        return {"ConsumedCapacity": [{"TableName": put["TableName"]} for put in puts[:1]]}

    def _holds(self, put: dict[str, Any]) -> bool:
        there = self.items[put["TableName"]].get(self._key(put["TableName"], put["Item"]))
        if "ConditionExpression" not in put or there is None or "updated_at" not in there:
            return True
        assert put["ConditionExpression"] == NOT_LATER
        return int(there["updated_at"]["N"]) <= int(put["ExpressionAttributeValues"][":updated_at"]["N"])

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
        IndexName: str | None = None,
        ScanIndexForward: bool = True,
        ConsistentRead: bool = False,
        **options: Any,
    ) -> dict[str, Any]:
        if ConsistentRead and IndexName:
            raise invalid("Consistent reads are not supported on global secondary indexes")
        keys = self._keys_of(TableName, IndexName)
        left, _, placeholder = KeyConditionExpression.partition(" = ")
        assert _name(left, options) == keys[0]
        wanted = options["ExpressionAttributeValues"][placeholder]["S"]
        if options.get("ExclusiveStartKey", {}).get(keys[0], {"S": wanted})["S"] != wanted:
            raise invalid("The provided starting key is outside query boundaries based on provided conditions")
        items = [item for item in self._listed(TableName, IndexName) if item[keys[0]]["S"] == wanted]
        return self._page(items[:: 1 if ScanIndexForward else -1], keys, options, is_forward=ScanIndexForward)

    @played
    def scan(self, *, TableName: str, IndexName: str | None = None, **options: Any) -> dict[str, Any]:
        return self._page(self._listed(TableName, IndexName), self._keys_of(TableName, IndexName), options)

    def _keys_of(self, table: str, index: str | None) -> tuple[str, ...]:
        """Return the keys by which items are listed; of an index those of the table follow its own."""
        return self._keys[table] if index is None else (*self._indexes[table, index], *self._keys[table])

    def _listed(self, table: str, index: str | None) -> list[dict[str, Any]]:
        """Return the items that have every key, in the order of the keys."""
        keys = self._keys_of(table, index)
        items = [item for item in list(self.items[table].values()) if all(key in item for key in keys)]
        return sorted(items, key=lambda item: _order(item, keys))

    def _page(
        self, items: list[dict[str, Any]], keys: tuple[str, ...], options: dict[str, Any], *, is_forward: bool = True
    ) -> dict[str, Any]:
        if start := options.get("ExclusiveStartKey"):
            if set(start) != set(keys) or not all(key["S"] for key in start.values()):
                raise invalid("The provided starting key is invalid")
            # The item of the key may be gone; what follows it is known nevertheless.
            after = _order(start, keys)
            items = [
                item for item in items if (_order(item, keys) > after) == is_forward and _order(item, keys) != after
            ]
        read: list[dict[str, Any]] = []
        size = 0
        for item in items:
            size += len(json.dumps(item))
            if read and size > MAX_PAGE_BYTES:
                break
            read.append(item)
            if len(read) == options.get("Limit"):
                break
        found = [item for item in read if _passes(item, options)]
        shown = [name.strip() for name in options.get("ProjectionExpression", "").split(",") if name]
        page: dict[str, Any] = {
            "Items": [{name: item[name] for name in shown or item if name in item} for item in found],
            "Count": len(found),
            "ScannedCount": len(read),
        }
        if read and (len(read) < len(items) or len(read) == options.get("Limit")):
            page["LastEvaluatedKey"] = {key: read[-1][key] for key in keys}
        return page

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
