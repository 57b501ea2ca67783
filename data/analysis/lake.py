"""Reads the lake's views and prepared statements by Athena, as data frames with the types of their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import awswrangler
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    import boto3

DAY_COLUMNS = ("event_date", "first_date", "week")
"""Columns of views that hold a day as text, which a frame has as a time; a view is narrowed by the first it has."""

Value = str | int | float | bool | date | None
"""A parameter of a query: a Python value, or that of a frame."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class UnknownViewError(ValueError):
    """The database has no such view or table, or the view has no such column; the message lists those that it has."""


class UnknownStatementError(ValueError):
    """The name is none that a prepared statement can have."""


@dataclass(frozen=True)
class Lake:
    """The curated lake of an environment.

    Attributes
    ----------
    database, workgroup
        The Glue database and the Athena work group, which Terraform's outputs `database` and `athena_workgroup` name.
    reuse_minutes
        Athena answers a query that it has answered within so many minutes from that answer, and scans nothing; 0 for
        a new scan each time.
    session
        The credentials and region; those of the environment variables where absent.
    """

    database: str
    workgroup: str
    reuse_minutes: int = 0
    session: boto3.Session | None = None

    @classmethod
    def of(cls, environment: str, project: str = "rivulet", **settings: Any) -> Lake:
        """Return the lake of an environment by its name: local, dev or production."""
        return cls(f"{project}_{environment}", f"{project}-{environment}", **settings)

    def describe(self) -> pd.DataFrame:
        """Return the columns of all views and curated tables: `name`, `column`, `type`, `comment`."""
        rows = [
            {"name": table["Name"], "column": column["Name"], "type": column["Type"], "comment": column.get("Comment")}
            for table in self._tables()
            for column in [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
        ]
        return pd.DataFrame(rows, columns=["name", "column", "type", "comment"])

    def view(
        self, name: str, first: str | date | None = None, last: str | date | None = None, **equal: Value
    ) -> pd.DataFrame:
        """Return the rows of a view or table.

        Parameters
        ----------
        first, last
            The days of its rows, both included; each unbounded where absent. A period bounds what Athena scans.
        equal
            Values of further columns, such as `variant="same_item"`; None for rows without a value.

        Raises
        ------
        UnknownViewError
            Where there is no such view, or it has no such column, or no column with days.
        ValueError
            Where a day is none, such as 2026-11-1.
        """
        columns = self._columns(name)
        day = next((column for column in DAY_COLUMNS if column in columns), None)
        if day is None and (first is not None or last is not None):
            raise UnknownViewError(
                f"{name} has no column with days, so it takes no period; its columns are {_listed(columns)}"
            )
        unknown = [column for column in equal if column not in columns]
        if unknown:
            raise UnknownViewError(f"{name} has no column {unknown[0]}; its columns are {_listed(columns)}")
        conditions: list[str] = []
        values: list[Value] = []
        for comparison, bound in ((">=", first), ("<=", last)):
            if bound is not None:
                conditions.append(f'"{day}" {comparison} ?')
                values.append(_day(bound))
        for column, value in equal.items():
            conditions.append(f'"{column}" IS NULL' if value is None else f'"{column}" = ?')
            values += [] if value is None else [value]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        # Names are those of the catalogue, and values are parameters.
        return _with_days(self.query(f'SELECT * FROM "{name}"{where}', *values))  # noqa: S608

    def run(self, statement: str, *parameters: Value) -> pd.DataFrame:
        """Return the rows of a prepared statement, such as `funnel_of`, with its parameters in order."""
        if not _NAME.fullmatch(statement):
            raise UnknownStatementError(f"{statement!r} is no name of a prepared statement, such as funnel_of")
        return _with_days(self.query(f"EXECUTE {statement}", *parameters))

    def query(self, sql: str, *parameters: Value) -> pd.DataFrame:
        """Return the rows of a query, with a `?` for each parameter, which Athena itself fills in."""
        read: Any = awswrangler.athena.read_sql_query  # the types that it declares lack the reuse of results
        frame: pd.DataFrame = read(
            sql,
            database=self.database,
            workgroup=self.workgroup,
            ctas_approach=False,
            params=[_literal(value) for value in parameters] or None,
            paramstyle="qmark",
            result_reuse_configuration=self._reuse(),
            boto3_session=self.session,
        )
        return frame

    def _reuse(self) -> dict[str, Any] | None:
        if not self.reuse_minutes:
            return None
        return {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": self.reuse_minutes}}

    def _tables(self) -> Sequence[dict[str, Any]]:
        return sorted(
            awswrangler.catalog.get_tables(database=self.database, boto3_session=self.session),
            key=lambda table: str(table["Name"]),
        )

    def _columns(self, name: str) -> list[str]:
        described = self.describe()
        columns = described.loc[described["name"] == name, "column"].tolist()
        if described.empty:
            raise UnknownViewError(f"the database {self.database} does not exist, or has no table; is the name right?")
        if not columns:
            known = _listed(described["name"].unique().tolist())
            raise UnknownViewError(f"{self.database} has no view or table {name}; it has {known}")
        return columns


def _with_days(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{column: pd.to_datetime(frame[column]) for column in DAY_COLUMNS if column in frame})


def _day(bound: str | date) -> str:
    """Return a day as its column holds it; a time, such as one of a frame, names its day."""
    text = bound if isinstance(bound, str) else f"{bound:%Y-%m-%d}"
    try:
        # fromisoformat takes other forms of ISO 8601 as well.
        is_day = str(date.fromisoformat(text)) == text
    except ValueError:
        is_day = False
    if not is_day:
        raise ValueError(f"{bound!r} is no day; write 2026-11-01, for example")
    return text


def _literal(value: Value) -> str:
    """Return a parameter as Athena takes it: text and times in quotes."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and value == value:  # noqa: PLR0124 - NaN is no parameter
        return repr(value)
    if isinstance(value, datetime) and not pd.isna(value):
        at = f"{value:%Y-%m-%d}" if value.time() == datetime.min.time() else f"{value:%Y-%m-%d %H:%M:%S.%f}"[:-3]
        return f"'{at}'"
    if isinstance(value, date) and not pd.isna(value):
        return f"'{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise TypeError(f"{value!r} is no parameter of a query: it must be text, a number, a boolean, a date or a time")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
