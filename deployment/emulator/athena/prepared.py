"""Prepared statements: the API's actions on them, and PREPARE, EXECUTE and DEALLOCATE PREPARE.

MiniStack accepts any name and work group, and has neither UpdatePreparedStatement nor BatchGetPreparedStatement.
Sources: https://docs.aws.amazon.com/athena/latest/APIReference/API_CreatePreparedStatement.html,
https://docs.aws.amazon.com/athena/latest/ug/service-limits.html.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, cast

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena

from deployment.emulator.athena import statements, workgroups
from deployment.emulator.athena.errors import QueryFailedError, RequestRefusedError
from deployment.emulator.athena.statements import Outcome, unquoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.athena.statements import Statement

    Response = tuple[int, dict[str, str], bytes]
    Action = Callable[[dict[str, Any]], dict[str, Any]]

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_@:]{1,256}")
NAME_LIMIT_CHARACTERS = 256
QUERY_LIMIT_BYTES = 262_144
STATEMENTS_PER_WORKGROUP = 1000
PAGE_LIMIT = 50


class StatementMissingError(Exception):
    """No prepared statement of a work group has this name."""


def install() -> None:
    """Override the actions on prepared statements, and add those that MiniStack lacks."""
    handle = athena.handle_request

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        action = ACTIONS.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if action is None:
            return await handle(method, path, headers, body, query_params)
        athena._ensure_default_workgroup()
        return answer(action, json.loads(body or b"{}"))

    athena.handle_request = handle_request


def answer(action: Action, data: dict[str, Any]) -> Response:
    """Return the response of an action, with AWS's error where it is refused."""
    try:
        return cast("Response", json_response(action(data)))
    except StatementMissingError as error:
        return cast("Response", error_response_json("ResourceNotFoundException", str(error), 400))
    except RequestRefusedError as error:
        extra = {"AthenaErrorCode": error.code}
        return cast("Response", error_response_json("InvalidRequestException", str(error), 400, extra=extra))


def create(data: dict[str, Any]) -> dict[str, Any]:
    """CreatePreparedStatement."""
    workgroup, name = _checked(data)
    if f"{workgroup}/{name}" in athena._prepared_statements:
        raise RequestRefusedError(f"PreparedStatement {name} already exists in WorkGroup {workgroup}")
    if len(_of(workgroup)) >= STATEMENTS_PER_WORKGROUP:
        raise RequestRefusedError(f"WorkGroup {workgroup} has {STATEMENTS_PER_WORKGROUP} statements, the limit")
    _store(workgroup, name, data)
    return {}


def update(data: dict[str, Any]) -> dict[str, Any]:
    """UpdatePreparedStatement."""
    workgroup, name = _checked(data)
    _found(workgroup, name)
    _store(workgroup, name, data)
    return {}


def get(data: dict[str, Any]) -> dict[str, Any]:
    """GetPreparedStatement."""
    return {"PreparedStatement": _found(_workgroup(data), data.get("StatementName", ""))}


def get_several(data: dict[str, Any]) -> dict[str, Any]:
    """BatchGetPreparedStatement."""
    workgroup, names = _workgroup(data), data.get("PreparedStatementNames") or []
    stored = {each["StatementName"]: each for each in _of(workgroup)}
    missing = [
        {"StatementName": name, "ErrorCode": "STATEMENT_NOT_FOUND", "ErrorMessage": f"{name} was not found"}
        for name in names
        if name not in stored
    ]
    return {
        "PreparedStatements": [stored[name] for name in names if name in stored],
        "UnprocessedPreparedStatementNames": missing,
    }


def delete(data: dict[str, Any]) -> dict[str, Any]:
    """DeletePreparedStatement."""
    workgroup, name = _workgroup(data), data.get("StatementName", "")
    _found(workgroup, name)
    del athena._prepared_statements[f"{workgroup}/{name}"]
    return {}


def list_page(data: dict[str, Any]) -> dict[str, Any]:
    """ListPreparedStatements."""
    names = sorted(_of(_workgroup(data)), key=lambda each: str(each["StatementName"]))
    start, limit = int(data.get("NextToken") or 0), min(int(data.get("MaxResults") or PAGE_LIMIT), PAGE_LIMIT)
    page = [{key: each[key] for key in ("StatementName", "LastModifiedTime")} for each in names[start : start + limit]]
    return {"PreparedStatements": page, **({"NextToken": str(start + limit)} if start + limit < len(names) else {})}


ACTIONS: dict[str, Action] = {
    "BatchGetPreparedStatement": get_several,
    "CreatePreparedStatement": create,
    "DeletePreparedStatement": delete,
    "GetPreparedStatement": get,
    "ListPreparedStatements": list_page,
    "UpdatePreparedStatement": update,
}


def change(statement: Statement, workgroup: str) -> Outcome:
    """PREPARE and DEALLOCATE PREPARE."""
    name = unquoted(statement.parts["name"] or "")
    if statement.kind == "DEALLOCATE":
        if athena._prepared_statements.pop(f"{workgroup}/{name}", None) is None:
            raise _not_found(workgroup, name)
        return Outcome()
    statements.read(statement.parts["query"] or "")
    _store(workgroup, name, {"QueryStatement": statement.parts["query"]})
    return Outcome()


def to_execute(statement: Statement, workgroup: str, parameters: list[str]) -> tuple[Statement, list[str]]:
    """Return the statement that an EXECUTE names, and its parameters: those after USING, else the request's."""
    name = statement.parts["name"] or ""
    for key in (f"{workgroup}/{unquoted(name)}", f"{workgroup}/{name}"):
        prepared = athena._prepared_statements.get(key)
        if prepared is not None:
            return statements.read(prepared["QueryStatement"]), _values(statement.parts["values"]) or parameters
    raise _not_found(workgroup, unquoted(name))


def _not_found(workgroup: str, name: str) -> QueryFailedError:
    return QueryFailedError("NOT_FOUND", f"PreparedStatement {name} was not found in workGroup {workgroup}")


def _values(text: str | None) -> list[str]:
    """Split the text after USING at commas outside of quotes and brackets."""
    parts = re.findall(r"(?:'(?:[^']|'')*'|\([^)]*\)|\[[^\]]*\]|[^,])+", text or "")
    return [part.strip() for part in parts]


def _workgroup(data: dict[str, Any]) -> str:
    name = str(data.get("WorkGroup", ""))
    workgroups.configuration(name)
    return name


def _checked(data: dict[str, Any]) -> tuple[str, str]:
    name, query = str(data.get("StatementName", "")), str(data.get("QueryStatement", ""))
    if not NAME.fullmatch(name) or len(name) > NAME_LIMIT_CHARACTERS:
        raise RequestRefusedError(f"StatementName {name!r} does not match {NAME.pattern}")
    if not query.strip() or len(query.encode()) > QUERY_LIMIT_BYTES:
        message = f"QueryStatement has {len(query.encode())} bytes: 1 to {QUERY_LIMIT_BYTES} are allowed"
        raise RequestRefusedError(message)
    return _workgroup(data), name


def _of(workgroup: str) -> list[dict[str, Any]]:
    return [each for each in athena._prepared_statements.values() if each["WorkGroupName"] == workgroup]


def _found(workgroup: str, name: str) -> dict[str, Any]:
    stored = athena._prepared_statements.get(f"{workgroup}/{name}")
    if stored is None:
        raise StatementMissingError(f"PreparedStatement {name} was not found in WorkGroup {workgroup}")
    return cast("dict[str, Any]", stored)


def _store(workgroup: str, name: str, data: dict[str, Any]) -> None:
    described = {"Description": data["Description"]} if data.get("Description") else {}
    athena._prepared_statements[f"{workgroup}/{name}"] = {
        "StatementName": name,
        "WorkGroupName": workgroup,
        "QueryStatement": data["QueryStatement"],
        "LastModifiedTime": int(time.time()),
        **described,
    }
