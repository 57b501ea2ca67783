"""Runs an execution from QUEUED to its end, and stops it on request."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.services import athena

from deployment.emulator.athena import catalogue, dialect, queries, results, statements, workgroups, writes
from deployment.emulator.athena.errors import SYSTEM, USER, AthenaError, QueryFailedError, ScanLimitReachedError
from deployment.emulator.athena.queries import Session
from deployment.emulator.athena.statements import Outcome, Run, Statement, unquoted
from deployment.emulator.s3 import objects

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

CANCELLED = "Query was cancelled by user"
WRITES: dict[str, Callable[[Statement, Run], Outcome]] = {
    "CREATE_TABLE_AS_SELECT": writes.create_table_as,
    "INSERT": writes.insert,
    "UNLOAD": writes.unload,
}


@dataclass(frozen=True)
class Execution:
    """An accepted statement, with the execution as GetQueryExecution shows it, whose state is changed in place."""

    record: dict[str, Any]
    statement: Statement
    parameters: list[str]

    @property
    def id(self) -> str:
        """The execution's id."""
        return str(self.record["QueryExecutionId"])


class Executor:
    """Runs executions and stops them; intermediate data and unpublished files are in its scratch folder."""

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch
        self._connections: dict[str, duckdb.DuckDBPyConnection] = {}
        self._lock = threading.Lock()

    def stop(self, query_id: str, record: dict[str, Any]) -> None:
        """Cancel a running or queued execution."""
        _end(record, "CANCELLED", CANCELLED)
        with self._lock:
            connection = self._connections.get(query_id)
            if connection is not None:
                connection.interrupt()

    def run(self, execution: Execution) -> None:
        """Run an execution to its end and record the result."""
        record = execution.record
        started = time.monotonic()
        with queries.connect(self._scratch) as connection:
            with self._lock:
                if record["Status"]["State"] != "QUEUED":
                    return
                self._connections[execution.id] = connection
                record["Status"]["State"] = "RUNNING"
            try:
                outcome = _perform(execution, connection, self._scratch)
                _save(record, outcome)
                _end(record, "SUCCEEDED", "")
            except ScanLimitReachedError as reached:
                record["Statistics"]["DataScannedInBytes"] = reached.scanned_bytes
                _end(record, "CANCELLED", str(reached))
            except (AthenaError, objects.ObjectStoreError) as error:
                _end(record, "FAILED", str(error), USER)
            except Exception as error:  # noqa: BLE001 - a query must not stay RUNNING for ever
                _end(record, "FAILED", f"GENERIC_INTERNAL_ERROR: {error}", SYSTEM)
            finally:
                with self._lock:
                    self._connections.pop(execution.id, None)
        took = int((time.monotonic() - started) * 1000)
        record["Statistics"].update(EngineExecutionTimeInMillis=took, TotalExecutionTimeInMillis=took)


def _perform(execution: Execution, connection: duckdb.DuckDBPyConnection, scratch: str) -> Outcome:
    record, statement = execution.record, execution.statement
    database = record["QueryExecutionContext"]["Database"]
    session = Session(connection, database, workgroups.scan_limit(record["WorkGroup"]))
    if statement.kind in {"PREPARE", "DEALLOCATE"}:
        return _store_prepared(statement, record["WorkGroup"])
    parameters = execution.parameters
    if statement.kind == "EXECUTE":
        parameters = _values(statement.parts["values"]) or parameters
        statement = _prepared(statement, record["WorkGroup"])
    if statement.tree is not None:
        dialect.bind(statement.tree, parameters)
    if statement.kind == "SELECT":
        assert statement.tree is not None  # noqa: S101 - for the type checker; `read` ensures it
        bound, scanned = queries.bind_query(session, statement.tree)
        with queries.translated_errors(statement.text):
            return Outcome(results.fetch(connection, bound), scanned)
    location = record["ResultConfiguration"]["OutputLocation"].rpartition("/")[0] + "/"
    run = Run(session, record["WorkGroup"], execution.id, location, scratch)
    action = WRITES.get(statement.kind) or catalogue.ACTIONS[statement.kind]
    return action(statement, run)


def _store_prepared(statement: Statement, workgroup: str) -> Outcome:
    name = unquoted(statement.parts["name"] or "")
    if statement.kind == "DEALLOCATE":
        if athena._prepared_statements.pop(f"{workgroup}/{name}", None) is None:
            raise QueryFailedError("NOT_FOUND", f"PreparedStatement {name} was not found in workGroup {workgroup}")
        return Outcome()
    statements.read(statement.parts["query"] or "")
    athena._prepared_statements[f"{workgroup}/{name}"] = {
        "StatementName": name,
        "WorkGroupName": workgroup,
        "QueryStatement": statement.parts["query"],
        "Description": "",
        "LastModifiedTime": int(time.time()),
    }
    return Outcome()


def _prepared(statement: Statement, workgroup: str) -> Statement:
    name = unquoted(statement.parts["name"] or "")
    for key in (f"{workgroup}/{name}", f"{workgroup}/{statement.parts['name']}"):
        prepared = athena._prepared_statements.get(key)
        if prepared is not None:
            return statements.read(prepared["QueryStatement"])
    raise QueryFailedError("NOT_FOUND", f"PreparedStatement {name} was not found in workGroup {workgroup}")


def _values(text: str | None) -> list[str]:
    """Split the text after USING at commas outside of quotes and brackets."""
    parts = re.findall(r"(?:'(?:[^']|'')*'|\([^)]*\)|\[[^\]]*\]|[^,])+", text or "")
    return [part.strip() for part in parts]


def _save(record: dict[str, Any], outcome: Outcome) -> None:
    record["Statistics"]["DataScannedInBytes"] = outcome.scanned_bytes
    location = record["ResultConfiguration"]["OutputLocation"]
    bucket, key = objects.split(location)
    if outcome.written is not None:
        manifest = f"{location.rpartition('.')[0]}-manifest.csv"
        objects.write(*objects.split(manifest), "".join(f"{uri}\n" for uri in outcome.written).encode(), "text/csv")
        record["Statistics"]["DataManifestLocation"] = manifest
        record["_rows_written"] = outcome.rows_written
    result = outcome.result
    if result is not None:
        is_query = location.endswith(".csv")
        objects.write(bucket, key, result.as_csv() if is_query else result.as_text(), "application/octet-stream")
        objects.write(bucket, f"{key}.metadata", results.metadata(result.columns), "application/octet-stream")
        record["_columns"] = [list(column) for column in result.columns]
    elif outcome.written is None:
        objects.write(bucket, key, b"", "application/octet-stream")


def _end(record: dict[str, Any], state: str, reason: str, category: int | None = None) -> None:
    status = record["Status"]
    if status["State"] in {"CANCELLED", "FAILED", "SUCCEEDED"}:
        return
    status["CompletionDateTime"] = time.time()
    if reason:
        status["StateChangeReason"] = reason
    if category:
        status["AthenaError"] = {"ErrorCategory": category, "ErrorType": 0, "Retryable": False, "ErrorMessage": reason}
    # Last, since clients read the other members once they see the final state.
    status["State"] = state
