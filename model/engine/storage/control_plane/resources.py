"""The resources of the control plane: read from memory, stored in SQLite."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

import msgspec

from model.engine.monitoring.logs import log
from model.engine.personalize.errors import ResourceNotFoundError, ServiceUnavailableError
from model.engine.storage.control_plane.kinds import KINDS, AnyInternals, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from model.engine.storage.control_plane.kinds import Internals

PENDING, IN_PROGRESS = "CREATE PENDING", "CREATE IN_PROGRESS"
ACTIVE, FAILED = "ACTIVE", "CREATE FAILED"
STOPPING, STOPPED = "CREATE STOPPING", "CREATE STOPPED"
DELETE_PENDING, DELETE_IN_PROGRESS = "DELETE PENDING", "DELETE IN_PROGRESS"
UPDATE_PENDING, UPDATE_IN_PROGRESS = "UPDATE PENDING", "UPDATE IN_PROGRESS"
INACTIVE = "INACTIVE"
# Where nothing is on its way, of all kinds; those of data deletion jobs are spelt in their own way.
SETTLED = frozenset({ACTIVE, FAILED, STOPPED, INACTIVE, "COMPLETED", "FAILED"})


@dataclass
class Resource(Generic[AnyInternals]):
    """One resource: the document, which Describe answers, and the internals, which no answer shows."""

    arn: str
    kind: Kind[AnyInternals]
    document: dict[str, Any]
    internals: AnyInternals

    @property
    def status(self) -> str:
        """The state of its life cycle; a schema, which has no status, is always ACTIVE."""
        return str(self.document.get("status", ACTIVE))

    @property
    def is_usable(self) -> bool:
        """Whether requests may use it: during an update as it was before."""
        return self.status in {ACTIVE, UPDATE_PENDING, UPDATE_IN_PROGRESS}

    @property
    def settled(self) -> bool:
        """Whether it stays in its state until the next request."""
        return self.status in SETTLED

    @property
    def latest_update(self) -> dict[str, Any]:
        """The latest update, with a status of its own; empty where there was none."""
        update: dict[str, Any] = self.document.get(self.kind.update_member, {})
        return update

    @property
    def is_updating(self) -> bool:
        """Whether an update is pending or in progress."""
        return self.latest_update.get("status") in {PENDING, IN_PROGRESS}

    def begin_update(self, **stated: Any) -> None:
        """Take an update, and what it is to change, into the document."""
        times = dict.fromkeys(("creationDateTime", "lastUpdatedDateTime"), time.time())
        self.document[self.kind.update_member] = {**stated, "status": PENDING, **times}


class Resources:
    """All resources, in the order in which they were created."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        # A create that was answered must survive a power cut as well.
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS resources "
            "(place INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT UNIQUE, kind TEXT, document TEXT, private TEXT)"
        )
        rows = self._database.execute("SELECT arn, kind, document, private FROM resources ORDER BY place")
        self._by_arn: dict[str, Resource[Any]] = {}
        self._by_kind: dict[str, dict[str, Resource[Any]]] = {name: {} for name in KINDS}
        for arn, name, document, private in rows:
            kind = KINDS[name]
            self._insert(
                Resource(arn, kind, json.loads(document), msgspec.convert(json.loads(private), kind.internals))
            )

    def __contains__(self, arn: str) -> bool:
        return arn in self._by_arn

    def get(self, arn: str) -> Resource[Any]:
        """Return the resource of an ARN, of any kind; it has to exist."""
        return self._by_arn[arn]

    def find(self, kind: Kind[AnyInternals], arn: str) -> Resource[AnyInternals]:
        """Return a resource."""
        found = self._by_kind[kind.name].get(arn)
        if found is None:
            raise ResourceNotFoundError(f"there is no {kind.label} {arn}")
        return found

    def of_kind(self, kind: Kind[AnyInternals], **members: Any) -> Iterator[Resource[AnyInternals]]:
        """Yield the resources of a kind with the given members in their documents; None matches every resource."""
        wanted = {name: value for name, value in members.items() if value is not None}
        for resource in list(self._by_kind[kind.name].values()):
            if not wanted or all(resource.document.get(name) == value for name, value in wanted.items()):
                yield resource

    def all(self) -> list[Resource[Any]]:
        """Return every resource."""
        return list(self._by_arn.values())

    def add(self, resource: Resource[Any]) -> None:
        """Store a new resource."""
        now = time.time()
        resource.document.setdefault("creationDateTime", now)
        resource.document.setdefault("lastUpdatedDateTime", now)
        with self._transaction():
            self._database.execute(
                "INSERT INTO resources (arn, kind, document, private) VALUES (?, ?, ?, ?)",
                (resource.arn, resource.kind.name, json.dumps(resource.document), _encode(resource.internals)),
            )
        self._insert(resource)

    def save(self, resource: Resource[Any]) -> None:
        """Store a change, with the time of the change.

        Raises
        ------
        ServiceUnavailableError
            The disk refused it; the resource is again as it was stored last.
        """
        resource.document["lastUpdatedDateTime"] = time.time()
        try:
            with self._transaction():
                self._database.execute(
                    "UPDATE resources SET document = ?, private = ? WHERE arn = ?",
                    (json.dumps(resource.document), _encode(resource.internals), resource.arn),
                )
        except ServiceUnavailableError:
            query = "SELECT document, private FROM resources WHERE arn = ?"
            for document, private in self._database.execute(query, (resource.arn,)):
                resource.document = json.loads(document)
                resource.internals = msgspec.convert(json.loads(private), resource.kind.internals)
            raise

    def remove(self, *resources: Resource[Any]) -> None:
        """Remove resources, all of them or none."""
        with self._transaction():
            arns = [(resource.arn,) for resource in resources]
            self._database.executemany("DELETE FROM resources WHERE arn = ?", arns)
        for resource in resources:
            self._by_arn.pop(resource.arn, None)
            self._by_kind[resource.kind.name].pop(resource.arn, None)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Make statements durable, all of them or none."""
        try:
            self._database.execute("BEGIN")
            yield
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            log("failure", operation="control plane", error=type(error).__name__, reason=str(error))
            raise ServiceUnavailableError("the change could not be written to disk; send it again") from None

    def _insert(self, resource: Resource[Any]) -> None:
        self._by_arn[resource.arn] = resource
        self._by_kind[resource.kind.name][resource.arn] = resource


def _encode(internals: Internals) -> str:
    return json.dumps(msgspec.to_builtins(internals))
