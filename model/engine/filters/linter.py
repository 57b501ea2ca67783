"""What a filter does to given data, clause by clause, or where its expression is wrong."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from model.engine.filters.compiled import TABLE_OF, compile_filter
from model.engine.filters.conditions import ID_COLUMNS
from model.engine.filters.expression import parse
from model.engine.filters.rules import EVENT_TYPE
from model.engine.filters.table import Table
from model.engine.filters.words import THINGS, clause_in_words, condition_in_words
from model.engine.personalize import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from model.datasets.avro_schema import Schema
    from model.engine.filters.compiled import CompiledClause, CompiledFilter
    from model.engine.filters.expression import Clause, FilterExpressionError
    from model.engine.filters.question import Question

Row = dict[str, Any]


class Done:
    """Who did what, from rows of a dataset of events."""

    def __init__(self, rows: Iterable[Row], subject: str) -> None:
        self._done: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in sorted(rows, key=lambda row: int(row["TIMESTAMP"]), reverse=True):
            newest = self._done[row["USER_ID"]][str(row.get(EVENT_TYPE) or "").lower()]
            if len(newest) < limits.FILTERED_INTERACTIONS_PER_TYPE:
                newest.append(row[subject])

    def recent(self, user_id: str) -> Mapping[str, list[str]]:
        """Return by event type, in small letters, the items of a user's newest interactions."""
        return self._done.get(user_id, {})

    def users_with(self, is_asked: Callable[[str], bool]) -> list[str]:
        """Return the ids of all who have had an interaction of an event type that is asked for."""
        return [user for user, done in self._done.items() if any(is_asked(kind) for kind in done)]


class Sample:
    """Data to try a filter on."""

    def __init__(self, rows: Mapping[str, list[Row]]) -> None:
        """Take rows in.

        Parameters
        ----------
        rows : mapping
            By dataset type; each row with its id.
        """
        self.tables = {dataset_type: Table() for dataset_type in TABLE_OF.values()}
        for target, dataset_type in TABLE_OF.items():
            key = ID_COLUMNS[target]
            found = rows.get(dataset_type, ())
            self.tables[dataset_type].replace(
                {row[key]: {name: value for name, value in row.items() if name != key} for row in found}
            )
        self.interactions = Done(rows.get("INTERACTIONS", ()), "ITEM_ID")
        self.action_interactions = Done(rows.get("ACTION_INTERACTIONS", ()), "ACTION_ID")


def explain(expression: str) -> list[str]:
    """Say what each clause of an expression does, whatever the data."""
    return [f"{place}. {clause_in_words(clause)}" for place, clause in enumerate(parse(expression), 1)]


def report(
    expression: str,
    schemas: Mapping[str, Schema],
    sample: Sample,
    user: str = "",
    item_id: str | None = None,
    values: Mapping[str, str] | None = None,
) -> list[str]:
    """Say what each clause does and how much it removes from a sample.

    Parameters
    ----------
    schemas : mapping
        By dataset type.
    user : str
        The current user.
    item_id : str, optional
        The current item.
    values : mapping, optional
        Of the parameters, as filterValues has them.

    Returns
    -------
    list of str
        Lines.

    Raises
    ------
    FilterExpressionError
        The expression is wrong.
    InvalidInputError
        A value is missing, unknown or malformed.
    """
    compiled = compile_filter(expression, schemas)
    lines = explain(expression)
    total = sample.tables[TABLE_OF[compiled.target]].size
    if not total:
        return lines
    question = compiled.question(sample, user, item_id, values or {})
    told: list[str] = []
    for line, clause, ready in zip(lines, compiled.clauses, compiled.compiled, strict=True):
        told += [line, *_effect(clause, ready, question)]
    kept = int(compiled.allowed(sample, user, item_id, values or {}).sum())
    return [*told, _summary(compiled, kept, total)]


def pointer(expression: str, error: FilterExpressionError) -> list[str]:
    """Show where an expression is wrong.

    Returns
    -------
    list of str
        The line of the expression, a circumflex under the place, and what is wrong.
    """
    begin = expression.rfind("\n", 0, error.place) + 1
    line = expression[begin:].split("\n", 1)[0]
    return [line, " " * (error.place - begin) + "^", error.what]


def _effect(clause: Clause, ready: CompiledClause, question: Question) -> list[str]:
    total = question.table.size
    if not ready.applies(question):
        return ["   does not count for this user"]
    met = int(ready.met(question).sum())
    removed = total - met if ready.includes else met
    lines = [f"   removes {removed} of {total} {THINGS[clause.target]}"]
    conditions = [one for together in clause.either for one in together]
    tests = [test for together in ready.either for test in together]
    if len(tests) > 1:
        for condition, test in zip(conditions, tests, strict=True):
            lines.append(f"   - met by {int(test(question).sum())}: {condition_in_words(condition)}")
    return lines


def _summary(compiled: CompiledFilter, kept: int, total: int) -> str:
    things = THINGS[compiled.target]
    return f"Together the filter keeps {kept} of {total} {things} and removes {total - kept}."
