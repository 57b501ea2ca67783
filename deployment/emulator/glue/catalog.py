"""The actions of the Data Catalog that MiniStack lacks or implements without reading the request."""

from __future__ import annotations

import json
import time
from typing import Any, cast

from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import glue

from deployment.emulator.glue.partition_filter import UnreadableFilterError, matching_rows

Response = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Add the missing actions and replace the wrong ones."""
    handle = glue._handle_request_sync

    def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Any:
        action = ADDED.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if action is None or path.startswith("/iceberg"):
            return handle(method, path, headers, body, query)
        return action(json.loads(body or b"{}"))

    glue._handle_request_sync = handle_request
    _keep_versions()


def get_partitions(data: dict[str, Any]) -> Response:
    """GetPartitions: the partitions that the expression selects, in the table's order."""
    table = glue._tables.get(_key(data))
    if table is None:
        return _not_found(f"Table {data.get('TableName')} not found.")
    partitions = glue._partitions.get(_key(data), [])
    expression = data.get("Expression")
    if expression:
        columns = [(column["Name"], column.get("Type", "string")) for column in table.get("PartitionKeys") or []]
        try:
            selected = matching_rows(columns, [partition["Values"] for partition in partitions], expression)
        except UnreadableFilterError as error:
            return _error("InvalidInputException", f"Unsupported expression '{expression}': {error}")
        partitions = [partitions[index] for index in selected]
    start = int(data.get("NextToken") or 0)
    end = start + int(data.get("MaxResults") or 1000)
    more = {"NextToken": str(end)} if end < len(partitions) else {}
    return _answer({"Partitions": partitions[start:end], **more})


def update_partition(data: dict[str, Any]) -> Response:
    """UpdatePartition: replace the description of a partition, its values included."""
    partition = _find(data, data.get("PartitionValueList", []))
    if partition is None:
        return _not_found("Partition not found.")
    created = partition.get("CreationTime")
    partition.clear()
    partition.update(
        data.get("PartitionInput", {}),
        DatabaseName=data.get("DatabaseName"),
        TableName=data.get("TableName"),
        CreationTime=created,
        LastAccessTime=int(time.time()),
        CatalogId=get_account_id(),
    )
    return _answer({})


def batch_delete_partition(data: dict[str, Any]) -> Response:
    """BatchDeletePartition: delete those that exist and report the others."""
    errors = []
    for entry in data.get("PartitionsToDelete", []):
        partition = _find(data, entry.get("Values", []))
        if partition is not None:
            glue._partitions[_key(data)].remove(partition)
            continue
        detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Partition not found."}
        errors.append({"PartitionValues": entry.get("Values", []), "ErrorDetail": detail})
    return _answer({"Errors": errors})


def get_table_versions(data: dict[str, Any]) -> Response:
    """GetTableVersions: all versions, the current one first."""
    table = glue._tables.get(_key(data))
    if table is None:
        return _not_found(f"Table {data.get('TableName')} not found.")
    versions = [*table.get(VERSIONS, []), table]
    return _answer(
        {
            "TableVersions": [
                {"Table": _public(version), "VersionId": version["VersionId"]} for version in reversed(versions)
            ]
        }
    )


def get_table(data: dict[str, Any]) -> Response:
    """GetTable: the current table, without its earlier versions."""
    table = glue._tables.get(f"{data.get('DatabaseName')}/{data.get('Name')}")
    if table is None:
        return _not_found(f"Entity Not Found: table {data.get('Name')}")
    return _answer({"Table": _public(table)})


def get_tables(data: dict[str, Any]) -> Response:
    """GetTables: every table of a database, or those whose name the expression matches."""
    status, headers, body = glue._get_tables(data)
    content = json.loads(body)
    content["TableList"] = [_public(table) for table in content.get("TableList", [])]
    return status, headers, json.dumps(content).encode()


# Versions lie in the table's own record, so that they are deleted and persisted with it.
VERSIONS = "_versions"

ADDED = {
    "BatchDeletePartition": batch_delete_partition,
    "GetPartitions": get_partitions,
    "GetTable": get_table,
    "GetTableVersions": get_table_versions,
    "GetTables": get_tables,
    "UpdatePartition": update_partition,
}


def _keep_versions() -> None:
    update = glue._update_table

    def update_table(data: dict[str, Any]) -> Response:
        table = glue._tables.get(f"{data.get('DatabaseName')}/{data.get('TableInput', {}).get('Name')}")
        before = json.loads(json.dumps(_public(table))) if table else None
        answer = cast("Response", update(data))
        if table is not None and answer[0] < 400 and not data.get("SkipArchive"):
            table.setdefault(VERSIONS, []).append(before)
        return answer

    glue._update_table = update_table


def _public(table: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != VERSIONS}


def _key(data: dict[str, Any]) -> str:
    return f"{data.get('DatabaseName')}/{data.get('TableName')}"


def _find(data: dict[str, Any], values: list[str]) -> dict[str, Any] | None:
    partitions: list[dict[str, Any]] = glue._partitions.get(_key(data), [])
    return next((partition for partition in partitions if partition.get("Values") == values), None)


def _answer(content: dict[str, Any]) -> Response:
    return cast("Response", json_response(content))


def _not_found(message: str) -> Response:
    return _error("EntityNotFoundException", message)


def _error(code: str, message: str) -> Response:
    return cast("Response", error_response_json(code, message, 400))
