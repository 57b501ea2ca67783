"""The resources of the control plane: in memory for reading, in SQLite for keeping."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from model.engine.personalize.errors import ResourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PENDING, IN_PROGRESS = "CREATE PENDING", "CREATE IN_PROGRESS"
ACTIVE, FAILED = "ACTIVE", "CREATE FAILED"
STOPPING, STOPPED = "CREATE STOPPING", "CREATE STOPPED"
DELETE_PENDING, DELETE_IN_PROGRESS = "DELETE PENDING", "DELETE IN_PROGRESS"
INACTIVE = "INACTIVE"
# Where nothing is on its way, of all kinds; those of data deletion jobs are spelt in their own way.
SETTLED = frozenset({ACTIVE, FAILED, STOPPED, INACTIVE, "COMPLETED", "FAILED"})


@dataclass
class Resource:
    """One resource.

    Attributes
    ----------
    arn, kind : str
        The kind is such as "campaign".
    document : dict
        What Describe answers.
    private : dict
        What only the engine knows, such as where its files lie.
    """

    arn: str
    kind: str
    document: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Where the resource is in its life; a schema, which has no status, is always ACTIVE."""
        return str(self.document.get("status", ACTIVE))

    @property
    def settled(self) -> bool:
        """Whether it stays in its state until somebody asks for something."""
        return self.status in SETTLED


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
        self._of: dict[str, Resource] = {
            arn: Resource(arn, kind, json.loads(document), json.loads(private)) for arn, kind, document, private in rows
        }
        self._kinds: dict[str, dict[str, Resource]] = {}
        for resource in self._of.values():
            self._kinds.setdefault(resource.kind, {})[resource.arn] = resource

    def __contains__(self, arn: str) -> bool:
        return arn in self._of

    def get(self, arn: str) -> Resource:
        """Return the resource of an ARN, of whatever kind; there has to be one."""
        return self._of[arn]

    def find(self, kind: str, arn: str) -> Resource:
        """Return a resource.

        Raises
        ------
        ResourceNotFoundError
            There is none of this kind with this ARN.
        """
        found = self._of.get(arn)
        if found is None or found.kind != kind:
            raise ResourceNotFoundError(f"there is no {kind.replace('-', ' ')} {arn}")
        return found

    def of_kind(self, kind: str, **members: Any) -> Iterator[Resource]:
        """Yield the resources of a kind whose documents have the given members.

        Parameters
        ----------
        **members
            Such as datasetGroupArn="arn:…"; None asks for nothing.
        """
        wanted = {name: value for name, value in members.items() if value is not None}
        for resource in list(self._kinds.get(kind, {}).values()):
            if not wanted or all(resource.document.get(name) == value for name, value in wanted.items()):
                yield resource

    def all(self) -> list[Resource]:
        """Return every resource."""
        return list(self._of.values())

    def add(self, resource: Resource) -> None:
        """Keep a new resource."""
        now = time.time()
        resource.document.setdefault("creationDateTime", now)
        resource.document.setdefault("lastUpdatedDateTime", now)
        self._database.execute(
            "INSERT INTO resources (arn, kind, document, private) VALUES (?, ?, ?, ?)",
            (resource.arn, resource.kind, json.dumps(resource.document), json.dumps(resource.private)),
        )
        self._of[resource.arn] = resource
        self._kinds.setdefault(resource.kind, {})[resource.arn] = resource

    def save(self, resource: Resource) -> None:
        """Keep a change, and note when it was made."""
        resource.document["lastUpdatedDateTime"] = time.time()
        self._database.execute(
            "UPDATE resources SET document = ?, private = ? WHERE arn = ?",
            (json.dumps(resource.document), json.dumps(resource.private), resource.arn),
        )

    def remove(self, *resources: Resource) -> None:
        """Forget resources, all of them or none."""
        self._database.execute("BEGIN")
        self._database.executemany("DELETE FROM resources WHERE arn = ?", [(one.arn,) for one in resources])
        self._database.execute("COMMIT")
        for one in resources:
            self._of.pop(one.arn, None)
            self._kinds[one.kind].pop(one.arn, None)

    def close(self) -> None:
        """Close the database."""
        self._database.close()
