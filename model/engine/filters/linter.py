"""Explains what each clause of a filter does to given data, and points at errors in expressions."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from model.engine.filters.compiled import TABLE_OF, compile_filter
from model.engine.filters.conditions import ID_COLUMNS
from model.engine.filters.descriptions import THINGS, describe_clause, describe_condition
from model.engine.filters.expression import parse
from model.engine.filters.rules import EVENT_TYPE
from model.engine.filters.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from model.datasets.avro_schema import Schema
    from model.engine.filters.compiled import CompiledClause, CompiledFilter
    from model.engine.filters.expression import Clause, FilterExpressionError
    from model.engine.filters.filter_query import FilterQuery

Row = dict[str, Any]


class EventHistory:
    """The interactions of users, from rows of a dataset of events."""

    def __init__(self, rows: Iterable[Row], subject: str) -> None:
        self._items: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in rows:
            self._items[row["USER_ID"]][str(row.get(EVENT_TYPE) or "").lower()].add(row[subject])

    def items_by_event_type(self, user_id: str) -> Mapping[str, set[str]]:
        """Return all items of a user's interactions, by event type in lower case."""
        return self._items.get(user_id, {})

    def users_with(self, matches_type: Callable[[str], bool]) -> list[str]:
        """Return the ids of all users who have had an interaction of a matching event type."""
        return [user for user, by_type in self._items.items() if any(matches_type(kind) for kind in by_type)]


class Sample:
    """Data to evaluate a filter on."""

    def __init__(self, rows: Mapping[str, list[Row]]) -> None:
        """Read rows by dataset type, each row with its id."""
        self.tables = {dataset_type: Table() for dataset_type in TABLE_OF.values()}
        for target, dataset_type in TABLE_OF.items():
            key = ID_COLUMNS[target]
            given = rows.get(dataset_type, ())
            self.tables[dataset_type].replace(
                {row[key]: {name: value for name, value in row.items() if name != key} for row in given}
            )
        self.interactions = EventHistory(rows.get("INTERACTIONS", ()), "ITEM_ID")
        self.action_interactions = EventHistory(rows.get("ACTION_INTERACTIONS", ()), "ACTION_ID")


def explain(expression: str) -> list[str]:
    """Describe each clause of an expression, without data."""
    return [f"{place}. {describe_clause(clause)}" for place, clause in enumerate(parse(expression), 1)]


def report(
    expression: str,
    schemas: Mapping[str, Schema],
    sample: Sample,
    user: str = "",
    item_id: str | None = None,
    values: Mapping[str, str] | None = None,
) -> list[str]:
    """Describe each clause and count the rows of a sample that it removes."""
    compiled = compile_filter(expression, schemas)
    lines = explain(expression)
    total = sample.tables[TABLE_OF[compiled.target]].size
    if not total:
        return lines
    query = compiled.query(sample, user, item_id, values or {})
    report_lines: list[str] = []
    for line, clause, ready in zip(lines, compiled.clauses, compiled.compiled, strict=True):
        report_lines += [line, *_effect(clause, ready, query)]
    kept = int(compiled.allowed(sample, user, item_id, values or {}).sum())
    return [*report_lines, _summary(compiled, kept, total)]


def pointer(expression: str, error: FilterExpressionError) -> list[str]:
    """Return the line of an expression that has an error, a circumflex under its place, and the error."""
    begin = expression.rfind("\n", 0, error.place) + 1
    line = expression[begin:].split("\n", 1)[0]
    return [line, " " * (error.place - begin) + "^", error.what]


def _effect(clause: Clause, ready: CompiledClause, query: FilterQuery) -> list[str]:
    total = query.table.size
    if not ready.applies_to_user(query):
        return ["   does not apply to this user"]
    met = int(ready.matching_rows(query).sum())
    removed = total - met if ready.includes else met
    lines = [f"   removes {removed} of {total} {THINGS[clause.target]}"]
    conditions = [condition for conjunction in clause.alternatives for condition in conjunction]
    compiled = [condition for conjunction in ready.alternatives for condition in conjunction]
    if len(compiled) > 1:
        for condition, one in zip(conditions, compiled, strict=True):
            effect = (
                f"met by {int(one.test(query).sum())}"
                if one.is_used(query)
                else f"ignored, since ${one.parameter} has no value"
            )
            lines.append(f"   - {effect}: {describe_condition(condition)}")
    return lines


def _summary(compiled: CompiledFilter, kept: int, total: int) -> str:
    things = THINGS[compiled.target]
    return f"Together the filter keeps {kept} of {total} {things} and removes {total - kept}."
