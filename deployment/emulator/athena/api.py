"""Handles StartQueryExecution and the actions that read or stop an execution.

Sources: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html, API_QueryExecution.html,
API_GetQueryResults.html.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import athena

from deployment.emulator.athena import results, statements, workgroups, writes
from deployment.emulator.athena.errors import QueryFailedError, RequestRefusedError
from deployment.emulator.athena.execution import Execution, Executor
from deployment.emulator.s3 import objects

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings

Response = tuple[int, dict[str, str], bytes]
Action = Callable[[dict[str, Any]], Response]

# API_StartQueryExecution: QueryString; API_GetQueryResults: MaxResults.
QUERY_LIMIT_BYTES = 262_144
PAGE_LIMIT_ROWS = 1000
# API_ResultReuseByAgeConfiguration: seven days.
REUSE_LIMIT_MINUTES = 10_080
# Queries beyond these wait as QUEUED.
CONCURRENT_QUERIES = 3
ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
INTERRUPTED = "Query was interrupted: the laptop's cloud ended while it ran"


def install(settings: Settings) -> None:
    """Override the execution of queries, and fail those of an earlier emulator process."""
    workers = ThreadPoolExecutor(CONCURRENT_QUERIES, thread_name_prefix="athena")
    executor = Executor(settings.scratch)

    def start_query_execution(data: dict[str, Any]) -> Response:
        try:
            execution = prepare(data)
        except RequestRefusedError as error:
            return _refused(error)
        if execution is None:
            return _answer({"QueryExecutionId": _known_by_token(data)})
        athena._executions[execution.id] = execution.record
        workers.submit(contextvars.copy_context().run, executor.run, execution)
        return _answer({"QueryExecutionId": execution.id})

    def stop_query_execution(data: dict[str, Any]) -> Response:
        query_id = data.get("QueryExecutionId", "")
        record = athena._executions.get(query_id)
        if record is None:
            return _not_found(query_id)
        if record["Status"]["State"] not in ENDED:
            executor.stop(query_id, record)
        return _answer({})

    athena._start_query_execution = start_query_execution
    athena._stop_query_execution = stop_query_execution
    athena._get_query_results = get_query_results
    athena._get_query_execution = get_query_execution
    _end_interrupted_queries()


def prepare(data: dict[str, Any]) -> Execution | None:
    """Return the execution of a valid request; None where a request with its token was accepted before.

    Raises `RequestRefusedError` where AWS would reject the request.
    """
    query, workgroup = data.get("QueryString", ""), data.get("WorkGroup") or "primary"
    if not query.strip() or len(query.encode()) > QUERY_LIMIT_BYTES:
        raise RequestRefusedError(f"QueryString has {len(query.encode())} bytes: 1 to {QUERY_LIMIT_BYTES} are allowed")
    if _known_by_token(data):
        return None
    workgroups.check_enabled(workgroup)
    chosen = workgroups.result_configuration(workgroup, data.get("ResultConfiguration") or {})
    try:
        bucket, _ = objects.split(chosen["OutputLocation"])
    except objects.ObjectStoreError as error:
        raise RequestRefusedError(f"outputLocation is not a valid S3 path: {error}") from error
    if not objects.bucket_exists(bucket):
        raise RequestRefusedError(f"Unable to verify/create output bucket {bucket}")
    check_result_reuse(data)
    statement = statements.read(query)
    if statement.kind == "CREATE_TABLE_AS_SELECT":
        writes.check_create_table_as(statement, workgroup)
    return Execution(_record(data, statement, workgroup, chosen), statement, data.get("ExecutionParameters") or [])


def check_result_reuse(data: dict[str, Any]) -> None:
    """Refuse an age of results to reuse beyond AWS's; the laptop accepts the option, and runs every query."""
    by_age = (data.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
    age = int(by_age.get("MaxAgeInMinutes", 0))
    if not 0 <= age <= REUSE_LIMIT_MINUTES:
        raise RequestRefusedError(f"MaxAgeInMinutes is {age}: 0 to {REUSE_LIMIT_MINUTES} are allowed")


def get_query_execution(data: dict[str, Any]) -> Response:
    """GetQueryExecution."""
    query_id = data.get("QueryExecutionId", "")
    record = athena._executions.get(query_id)
    return _answer({"QueryExecution": athena._execution_out(record)}) if record else _not_found(query_id)


def get_query_results(data: dict[str, Any]) -> Response:
    """GetQueryResults: a page of the result object; the first row of the first page of a query has the column names."""
    query_id = data.get("QueryExecutionId", "")
    record = athena._executions.get(query_id)
    if record is None:
        return _not_found(query_id)
    state = record["Status"]["State"]
    if state != "SUCCEEDED":
        reason = record["Status"].get("StateChangeReason", "")
        final = f"Query did not finish successfully. Final query state: {state}. {reason}".strip()
        message = final if state in ENDED else f"Query has not yet finished. Current state: {state}"
        return _refused(RequestRefusedError(message))
    limit, start = min(int(data.get("MaxResults") or PAGE_LIMIT_ROWS), PAGE_LIMIT_ROWS), int(data.get("NextToken") or 0)
    try:
        rows = _read_rows(record)
    except objects.ObjectStoreError as error:
        return _refused(RequestRefusedError(f"Could not find results: {error}"))
    page = [
        {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
        for row in rows[start : start + limit]
    ]
    more = {"NextToken": str(start + limit)} if start + limit < len(rows) else {}
    described = {"ColumnInfo": results.column_info([tuple(column) for column in record["_columns"]])}
    return _answer(
        {
            "UpdateCount": record.get("_rows_written", 0),
            "ResultSet": {"Rows": page, "ResultSetMetadata": described},
            **more,
        }
    )


def _read_rows(record: dict[str, Any]) -> list[list[str | None]]:
    location = record["ResultConfiguration"]["OutputLocation"]
    if not record["_columns"]:
        return []
    return _parse(objects.read(*objects.split(location)), is_csv=location.endswith(".csv"))


@lru_cache(maxsize=CONCURRENT_QUERIES)
def _parse(content: bytes, *, is_csv: bool) -> list[list[str | None]]:
    # Cached for the next pages.
    return results.parse_csv(content) if is_csv else results.parse_text(content)


def _record(
    data: dict[str, Any], statement: statements.Statement, workgroup: str, chosen: dict[str, Any]
) -> dict[str, Any]:
    query_id, context = new_uuid(), data.get("QueryExecutionContext") or {}
    # The result of a query is a CSV, that of any other statement a text.
    ending = "csv" if statement.type == statements.DML else "txt"
    location = f"{chosen['OutputLocation'].rstrip('/')}/{query_id}.{ending}"
    repeated = {name: data[name] for name in ("ExecutionParameters", "ResultReuseConfiguration") if data.get(name)}
    return {
        "QueryExecutionId": query_id,
        "Query": statement.text,
        "StatementType": statement.type,
        "SubstatementType": statement.kind,
        "ResultConfiguration": {**chosen, "OutputLocation": location},
        "QueryExecutionContext": {
            "Database": context.get("Database", "default"),
            "Catalog": context.get("Catalog", "awsdatacatalog"),
        },
        "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
        "Statistics": {"DataScannedInBytes": 0, "ResultReuseInformation": {"ReusedPreviousResult": False}},
        "WorkGroup": workgroup,
        "EngineVersion": workgroups.configuration(workgroup)["EngineVersion"],
        **repeated,
        "_columns": [],
        "_token": data.get("ClientRequestToken"),
    }


def _known_by_token(data: dict[str, Any]) -> str | None:
    token = data.get("ClientRequestToken")
    known = (record for record in athena._executions.values() if token and record.get("_token") == token)
    return next((str(record["QueryExecutionId"]) for record in known), None)


def _end_interrupted_queries() -> None:
    restore = athena._restore_state

    def restore_state(data: dict[str, Any]) -> None:
        restore(data)
        for record in athena._executions.all_values():
            if record["Status"]["State"] not in ENDED:
                record["Status"].update(State="FAILED", StateChangeReason=INTERRUPTED, CompletionDateTime=time.time())

    athena._restore_state = restore_state


def _answer(content: dict[str, Any]) -> Response:
    return cast("Response", json_response(content))


def _refused(error: RequestRefusedError | QueryFailedError) -> Response:
    code = {"AthenaErrorCode": error.code}
    return cast("Response", error_response_json("InvalidRequestException", str(error), 400, extra=code))


def _not_found(query_id: str) -> Response:
    return _refused(RequestRefusedError(f"QueryExecution {query_id} was not found"))
