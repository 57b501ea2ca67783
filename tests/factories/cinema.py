"""A cinema as filters see it: schemas, rows of items, users and actions, and interactions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import Column, Schema
from model.engine.filters.compiled import compile_filter
from model.engine.filters.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable


def column(name: str, kind: str = "string", *, categorical: bool = False, textual: bool = False) -> Column:
    return Column(name, kind, nullable=True, categorical=categorical, textual=textual)


SCHEMAS = {
    "INTERACTIONS": Schema(
        "INTERACTIONS", (column("USER_ID"), column("ITEM_ID"), column("TIMESTAMP", "long"), column("EVENT_TYPE"))
    ),
    "ITEMS": Schema(
        "ITEMS",
        (
            column("ITEM_ID"),
            column("GENRE", categorical=True),
            column("STUDIO"),
            column("PRICE", "float"),
            column("PAGES", "int"),
            column("CREATION_TIMESTAMP", "long"),
            column("DESCRIPTION", textual=True),
            column("SOLD_OUT", "boolean"),
        ),
    ),
    "USERS": Schema("USERS", (column("USER_ID"), column("AGE", "int"), column("TIER", categorical=True))),
    "ACTIONS": Schema(
        "ACTIONS",
        (
            column("ACTION_ID"),
            column("CATEGORY", categorical=True),
            column("VALUE", "long"),
            column("EXPIRATION_TIMESTAMP", "long"),
            column("REPEAT_FREQUENCY", "long"),
        ),
    ),
    "ACTION_INTERACTIONS": Schema(
        "ACTION_INTERACTIONS", (column("USER_ID"), column("ACTION_ID"), column("EVENT_TYPE"))
    ),
}


class Interactions:
    """Interactions by user and event type."""

    def __init__(self, by_user: dict[str, dict[str, list[str]]]) -> None:
        self._by_user = by_user

    def items_by_event_type(self, user_id: str) -> dict[str, set[str]]:
        return {kind: set(items) for kind, items in self._by_user.get(user_id, {}).items()}

    def users_with(self, matches_type: Callable[[str], bool]) -> list[str]:
        return [user for user, by_type in self._by_user.items() if any(matches_type(kind) for kind in by_type)]


class World:
    """The data of a dataset group that filters read."""

    def __init__(
        self,
        items: dict[str, dict[str, Any]] | None = None,
        users: dict[str, dict[str, Any]] | None = None,
        actions: dict[str, dict[str, Any]] | None = None,
        done: dict[str, dict[str, list[str]]] | None = None,
        actions_done: dict[str, dict[str, list[str]]] | None = None,
    ) -> None:
        self.tables = {"ITEMS": Table(), "USERS": Table(), "ACTIONS": Table()}
        for dataset_type, rows in (("ITEMS", items), ("USERS", users), ("ACTIONS", actions)):
            self.tables[dataset_type].replace(rows or {})
        self.interactions, self.action_interactions = Interactions(done or {}), Interactions(actions_done or {})

    def allowed(self, expression: str, user: str = "ann", item: str | None = None, **values: str) -> set[str]:
        """Return the ids that a filter allows."""
        compiled = compile_filter(expression, SCHEMAS)
        allowed = compiled.allowed(self, user, item, values)
        table = {"ItemID": "ITEMS", "UserID": "USERS", "ActionID": "ACTIONS"}[compiled.target]
        return {
            row_id for row_id, is_allowed in zip(self.tables[table].ids, allowed.tolist(), strict=True) if is_allowed
        }


def quoted(*values: str) -> str:
    """Return strings as in filterValues."""
    return ",".join(json.dumps(value, ensure_ascii=False) for value in values)


FILMS: dict[str, dict[str, Any]] = {
    "heist": {"GENRE": "crime|comedy", "STUDIO": "north", "PRICE": 9.5, "PAGES": 120, "CREATION_TIMESTAMP": 1000},
    "trial": {"GENRE": "crime|drama", "STUDIO": "south", "PRICE": 4.0, "PAGES": 90, "CREATION_TIMESTAMP": 2000},
    "farce": {"GENRE": "comedy", "STUDIO": "north", "PRICE": 2.0, "PAGES": 60, "CREATION_TIMESTAMP": 3000},
    "elegy": {"GENRE": "drama", "STUDIO": "east", "PRICE": 12.0, "PAGES": None, "CREATION_TIMESTAMP": 4000},
    "blank": {"GENRE": None, "STUDIO": None, "PRICE": None, "PAGES": None, "CREATION_TIMESTAMP": None},
}
VIEWERS: dict[str, dict[str, Any]] = {
    "ann": {"AGE": 34, "TIER": "gold|early"},
    "bob": {"AGE": 17, "TIER": "basic"},
    "cyd": {"AGE": None, "TIER": None},
}
DONE = {
    "ann": {"click": ["heist", "trial"], "purchase": ["heist"]},
    "bob": {"watch": ["farce", "gone"]},
}
OFFERS: dict[str, dict[str, Any]] = {
    "join": {"CATEGORY": "loyalty", "VALUE": 10},
    "rate": {"CATEGORY": "feedback", "VALUE": 2},
    "call": {"CATEGORY": "feedback|sales", "VALUE": 30},
}
OFFERED = {"ann": {"taken": ["rate"], "not taken": ["call"], "viewed": ["join", "call"]}}


def cinema() -> World:
    """Return a new world with a few films, viewers and offers."""
    return World(FILMS, VIEWERS, OFFERS, DONE, OFFERED)
