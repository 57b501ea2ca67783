"""Compiled filters: evaluate a filter expression on the columns of all items, users or actions at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

import numpy as np

from model.engine.filters.conditions import RowCondition, UserCondition, compile_row_condition, compile_user_condition
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
from model.engine.filters.filter_query import FilterData, FilterQuery
from model.engine.filters.rules import check_clauses, column_of, fields_of, item_column_of
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from model.datasets.avro_schema import Schema

TABLE_OF = {"ItemID": "ITEMS", "UserID": "USERS", "ActionID": "ACTIONS"}


@dataclass(frozen=True)
class CompiledCondition:
    """A condition on rows, compiled.

    Attributes
    ----------
    parameter : str or None
        Name of its parameter, without "$". A condition without the value of its parameter is ignored (API reference,
        GetRecommendations, filterValues).
    test : callable
        Returns which rows meet it.
    """

    parameter: str | None
    test: RowCondition

    def is_used(self, query: FilterQuery) -> bool:
        """Return whether the query has the value of the condition's parameter, or the condition has none."""
        return self.parameter is None or self.parameter in query.values


@dataclass(frozen=True)
class CompiledClause:
    """One clause of a filter expression, compiled.

    Attributes
    ----------
    alternatives : tuple of tuples of CompiledCondition
        A row matches if it meets all used conditions of at least one tuple that has some.
    user_conditions : tuple of callables
        The clause applies if the current user meets all of them.
    """

    includes: bool
    alternatives: tuple[tuple[CompiledCondition, ...], ...]
    user_conditions: tuple[UserCondition, ...]

    def applies_to_user(self, query: FilterQuery) -> bool:
        """Return whether the clause applies to the current user."""
        return all(condition(query) for condition in self.user_conditions)

    def matching_rows(self, query: FilterQuery) -> NDArray[np.bool_]:
        """Return which rows match the clause."""
        alternatives = [
            [condition.test(query) for condition in conjunction if condition.is_used(query)]
            for conjunction in self.alternatives
        ]
        met = [reduce(and_, tests) for tests in alternatives if tests]
        return reduce(or_, met) if met else np.zeros(query.table.size, np.bool_)


@dataclass(frozen=True)
class CompiledFilter:
    """A compiled filter expression.

    Attributes
    ----------
    target : str
        ItemID, UserID or ActionID.
    placeholders : frozenset of str
        Names of the parameters, without "$".
    required : frozenset of str
        Those of INCLUDE clauses, for which every query must give values.
    datasets : frozenset of str
        Dataset types of the conditions, such as ITEMS.
    fields : frozenset of str
        Such as Items.PRICE; they count against the quotas.
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
        """Return which rows of the target's table the filter allows.

        Parameters
        ----------
        user : str
            The current user; empty if the request has none.

        Returns
        -------
        bool array of shape (rows,)
            Read-only.

        Raises
        ------
        InvalidInputError
            A value is missing, unknown or malformed.
        """
        query = self.query(group, user, item_id, values)
        included: NDArray[np.bool_] | None = None
        excluded: NDArray[np.bool_] | None = None
        for clause in self.compiled:
            if not clause.applies_to_user(query):
                continue
            met = clause.matching_rows(query)
            if clause.includes:
                included = met if included is None else included | met
            else:
                excluded = met if excluded is None else excluded | met
        if included is None:
            return np.ones(query.table.size, np.bool_) if excluded is None else ~excluded
        return included if excluded is None else included & ~excluded

    def query(self, group: FilterData, user: str, item_id: str | None, values: Mapping[str, str]) -> FilterQuery:
        """Return a query for the filter's clauses; parameters and errors are those of `allowed`."""
        self.check_values(values)
        if self.uses_current_item and item_id is None:
            raise InvalidInputError(f"the filter compares with {CURRENT_ITEM}, so it is for related items only")
        item = None if item_id is None else group.tables["ITEMS"].row(item_id)
        return FilterQuery(group, group.tables[TABLE_OF[self.target]], user, item, values)

    def check_values(self, values: Mapping[str, str]) -> None:
        """Check that all required parameters have values, and that no value is of an unknown parameter."""
        unknown = sorted(values.keys() - self.placeholders)
        if unknown:
            known = ", ".join(sorted(self.placeholders)) or "none"
            raise InvalidInputError(f"the filter has no parameter {unknown[0]}; it has {known}")
        missing = sorted(self.required - values.keys())
        if missing:
            raise InvalidInputError(f"filterValues must hold {missing[0]}: clauses with INCLUDE need all parameters")


def compile_filter(expression: str, schemas: Mapping[str, Schema]) -> CompiledFilter:
    """Compile a filter expression."""
    clauses = parse(expression)
    check_clauses(clauses, schemas)
    conditions = [condition for clause in clauses for condition in clause.conditions()]
    return CompiledFilter(
        target=clauses[0].target,
        placeholders=_parameters(conditions),
        required=_parameters(
            condition for clause in clauses if clause.verb == "INCLUDE" for condition in clause.conditions()
        ),
        datasets=frozenset(
            DATASETS[condition.dataset] for condition in conditions if condition.dataset != CURRENT_USER
        ),
        fields=fields_of(clauses),
        uses_current_item=any(isinstance(condition.operand, OfCurrentItem) for condition in conditions),
        clauses=clauses,
        compiled=tuple(_compile_clause(clause, schemas) for clause in clauses),
    )


def _parameters(conditions: Iterable[Condition]) -> frozenset[str]:
    operands = (condition.operand for condition in conditions)
    return frozenset(operand.name for operand in operands if isinstance(operand, Parameter))


def _compile_clause(clause: Clause, schemas: Mapping[str, Schema]) -> CompiledClause:
    def compile_one(condition: Condition) -> CompiledCondition:
        columns = column_of(condition, schemas), item_column_of(condition, schemas)
        parameter = condition.operand.name if isinstance(condition.operand, Parameter) else None
        return CompiledCondition(parameter, compile_row_condition(clause.target, condition, *columns))

    alternatives = tuple(tuple(map(compile_one, conjunction)) for conjunction in clause.alternatives)
    user_conditions = tuple(
        compile_user_condition(condition, column_of(condition, schemas)) for condition in clause.user_conditions
    )
    return CompiledClause(clause.verb == "INCLUDE", alternatives, user_conditions)
