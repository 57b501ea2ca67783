"""Compiled filters: which items, users or actions may be answered with, in one pass over columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

import numpy as np

from model.engine.filters.conditions import RowTest, UserTest, row_test, user_test
from model.engine.filters.expression import (
    CURRENT_ITEM,
    CURRENT_USER,
    DATASETS,
    Clause,
    Condition,
    OfCurrentItem,
    Parameter,
    Target,
    parse,
)
from model.engine.filters.question import FilterData, Question
from model.engine.filters.rules import check, column_of, fields_of, item_column_of
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from model.datasets.avro_schema import Schema

TABLE_OF = {"ItemID": "ITEMS", "UserID": "USERS", "ActionID": "ACTIONS"}


@dataclass(frozen=True)
class CompiledClause:
    """What stands between two pipes, ready to be asked.

    Attributes
    ----------
    includes : bool
        False where it excludes.
    either : tuple of tuples of callables
        One of the tuples has to be met, with all of its conditions.
    provisos : tuple of callables
        What the current user must meet.
    """

    includes: bool
    either: tuple[tuple[RowTest, ...], ...]
    provisos: tuple[UserTest, ...]

    def applies(self, question: Question) -> bool:
        """Tell whether the current user is one of those for whom the clause counts."""
        return all(proviso(question) for proviso in self.provisos)

    def met(self, question: Question) -> NDArray[np.bool_]:
        """Tell which rows meet the conditions."""
        return reduce(or_, (reduce(and_, (test(question) for test in together)) for together in self.either))


@dataclass(frozen=True)
class CompiledFilter:
    """A filter that is ready to be asked.

    Attributes
    ----------
    target : str
        ItemID, UserID or ActionID.
    placeholders : frozenset of str
        Names of the parameters, without "$".
    required : frozenset of str
        Those of INCLUDE clauses, which every question must give.
    datasets : frozenset of str
        Dataset types that the conditions are about, such as ITEMS.
    fields : frozenset of str
        Such as Items.PRICE; they count against the quotas.
    uses_current_item : bool
        Whether it compares with the item that is asked about; only related items have one.
    clauses : tuple of Clause
        What was compiled.
    """

    target: Target
    placeholders: frozenset[str]
    required: frozenset[str]
    datasets: frozenset[str]
    fields: frozenset[str]
    uses_current_item: bool
    clauses: tuple[Clause, ...]
    compiled: tuple[CompiledClause, ...]

    def allowed(
        self, group: FilterData, user: str, item_id: str | None, values: Mapping[str, str]
    ) -> NDArray[np.bool_]:
        """Tell which rows of the target's table may be answered with.

        Parameters
        ----------
        user : str
            Whose interactions and fields count; empty where the question names nobody.
        item_id : str or None
            The item to which others are to be similar.
        values : mapping
            Of the parameters, as filterValues brings them.

        Returns
        -------
        bool array of shape (rows,)
            Not to be changed.

        Raises
        ------
        InvalidInputError
            A value is missing, unknown or malformed.
        """
        question = self.question(group, user, item_id, values)
        included: NDArray[np.bool_] | None = None
        excluded: NDArray[np.bool_] | None = None
        for clause in self.compiled:
            if not clause.applies(question):
                continue
            met = clause.met(question)
            if clause.includes:
                included = met if included is None else included | met
            else:
                excluded = met if excluded is None else excluded | met
        if included is None:
            return np.ones(question.table.size, np.bool_) if excluded is None else ~excluded
        return included if excluded is None else included & ~excluded

    def question(self, group: FilterData, user: str, item_id: str | None, values: Mapping[str, str]) -> Question:
        """Make a question to the filter's clauses; parameters, raised errors as those of `allowed`."""
        self.check_values(values)
        if self.uses_current_item and item_id is None:
            raise InvalidInputError(f"the filter compares with {CURRENT_ITEM}, so it is for related items only")
        item = None if item_id is None else group.tables["ITEMS"].row(item_id)
        return Question(group, group.tables[TABLE_OF[self.target]], user, item, values)

    def check_values(self, values: Mapping[str, str]) -> None:
        """Check that values are given for parameters that exist, and for all that must have one."""
        unknown = sorted(values.keys() - self.placeholders)
        if unknown:
            known = ", ".join(sorted(self.placeholders)) or "none"
            raise InvalidInputError(f"the filter has no parameter {unknown[0]}; it has {known}")
        missing = sorted(self.required - values.keys())
        if missing:
            raise InvalidInputError(f"filterValues must hold {missing[0]}: clauses with INCLUDE need all parameters")


def compile_filter(expression: str, schemas: Mapping[str, Schema]) -> CompiledFilter:
    """Compile a filter expression.

    Parameters
    ----------
    schemas : mapping
        Of the dataset group, by dataset type.

    Raises
    ------
    FilterExpressionError
        It breaks the grammar or a rule; an `InvalidInputError` that knows the place.
    """
    clauses = parse(expression)
    check(clauses, schemas)
    conditions = [condition for clause in clauses for condition in clause.conditions()]
    return CompiledFilter(
        target=clauses[0].target,
        placeholders=_parameters(conditions),
        required=_parameters(one for clause in clauses if clause.verb == "INCLUDE" for one in clause.conditions()),
        datasets=frozenset(DATASETS[one.dataset] for one in conditions if one.dataset != CURRENT_USER),
        fields=fields_of(clauses),
        uses_current_item=any(isinstance(one.operand, OfCurrentItem) for one in conditions),
        clauses=clauses,
        compiled=tuple(_compile_clause(clause, schemas) for clause in clauses),
    )


def _parameters(conditions: Iterable[Condition]) -> frozenset[str]:
    return frozenset(one.operand.name for one in conditions if isinstance(one.operand, Parameter))


def _compile_clause(clause: Clause, schemas: Mapping[str, Schema]) -> CompiledClause:
    either = tuple(
        tuple(row_test(clause.target, one, column_of(one, schemas), item_column_of(one, schemas)) for one in together)
        for together in clause.either
    )
    provisos = tuple(user_test(one, column_of(one, schemas)) for one in clause.provisos)
    return CompiledClause(clause.verb == "INCLUDE", either, provisos)
