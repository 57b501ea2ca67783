"""Runs an execution from QUEUED to its end, and stops it on request."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployment.emulator.athena import catalogue, dialect, prepared, queries, results, workgroups, writes
from deployment.emulator.athena.errors import SYSTEM, USER, AthenaError, ScanLimitReachedError
from deployment.emulator.athena.queries import Session
from deployment.emulator.athena.statements import Outcome, Run, Statement
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
        return prepared.change(statement, record["WorkGroup"])
    parameters = execution.parameters
    if statement.kind == "EXECUTE":
        statement, parameters = prepared.to_execute(statement, record["WorkGroup"], parameters)
    if statement.tree is not None:
        dialect.bind(statement.tree, parameters)
    if statement.kind == "SELECT":
        assert statement.tree is not None  # noqa: S101 - for the type checker; `read` ensures it
        bound = queries.bind_query(session, statement.tree)
        with queries.translated_errors():
            return Outcome(results.fetch(connection, queries.printable(bound), bound.columns), bound.scanned_bytes)
    location = record["ResultConfiguration"]["OutputLocation"].rpartition("/")[0] + "/"
    run = Run(session, record["WorkGroup"], execution.id, location, scratch)
    action = WRITES.get(statement.kind) or catalogue.ACTIONS[statement.kind]
    return action(statement, run)


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
