"""What a training starts from: interactions filtered and weighed as the solution says, features of the items."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from model.engine import limits
from model.engine.avro_schema import Schema, read_schema
from model.engine.errors import EngineError
from model.recipes.interactions import Interactions, ordered
from model.recipes.recipe import Catalogue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.engine.columns import Columns

WORD = re.compile(r"[^\W\d_]{3,}")
WORDS_PER_TEXT = 40  # the first ones, which name the thing


class TrainingFailedError(EngineError):
    """The data do not suffice; the message is the version's failureReason."""

    name = "TrainingFailed"


def select(columns: Columns, solution: dict[str, Any]) -> Interactions:
    """Filter and weigh interactions, and check that enough are left.

    Parameters
    ----------
    columns : Columns
    solution : dict
        `eventType` and `solutionConfig` of the solution, where it has them.

    Returns
    -------
    Interactions
        Each once, sorted by user and time.

    Raises
    ------
    TrainingFailedError
    """
    kept = _kept(columns, solution)
    ids = (columns.user_ids, columns.item_ids, columns.event_types)
    parts = (columns.users[kept], columns.items[kept], columns.kinds[kept], columns.times[kept])
    chosen = _without_unused(ordered(ids, *parts))
    by_type = _configured_weights(solution)
    if by_type:
        table = np.array([by_type.get(kind.lower(), 1.0) for kind in chosen.event_types] or [1.0], np.float32)
        chosen = replace(chosen, weights=table[chosen.kinds])
    _check_minimum(chosen)
    return chosen


def catalogue_of(rows: dict[str, dict[str, Any]], schema_text: str | None, excluded: set[str]) -> Catalogue:
    """Turn rows of an Items dataset into features.

    Parameters
    ----------
    rows : dict
        By item id.
    schema_text : str or None
        None where there is no Items dataset.
    excluded : set of str
        Columns that the solution leaves out.

    Returns
    -------
    Catalogue
    """
    if schema_text is None:
        return Catalogue()
    schema = read_schema(schema_text)
    features = [tuple(_features(schema, row, excluded)) for row in rows.values()]
    return Catalogue(list(rows), features, [int(row.get("CREATION_TIMESTAMP") or 0) for row in rows.values()])


def _features(schema: Schema, row: dict[str, Any], excluded: set[str]) -> list[str]:
    found: list[str] = []
    for column in schema.columns:
        value = row.get(column.name)
        if value is None or column.kind != "string" or column.name in excluded:
            continue
        if column.categorical:
            found += [f"{column.name}={one}" for one in value.split("|") if one]
        elif column.textual:
            found += [f"word={word.lower()}" for word in WORD.findall(value)[:WORDS_PER_TEXT]]
    return found


def _configured_weights(solution: dict[str, Any]) -> dict[str, float]:
    config = (solution.get("solutionConfig") or {}).get("eventsConfig") or {}
    return {
        str(one["eventType"]).lower(): float(one.get("weight", 1.0))
        for one in config.get("eventParametersList", [])
        if one.get("eventType")
    }


def _kept(columns: Columns, solution: dict[str, Any]) -> NDArray[np.bool_]:
    """Tell which interactions are trained on."""
    config = solution.get("solutionConfig") or {}
    kept = np.ones(columns.times.size, np.bool_)
    wanted = solution.get("eventType")
    if wanted:
        numbers = [place for place, kind in enumerate(columns.event_types) if kind.lower() == wanted.lower()]
        kept[~np.isin(columns.kinds, numbers)] = False
    if config.get("eventValueThreshold"):
        # A missing value is below every threshold; comparing with NaN gives false, which is what is wanted.
        kept[~(columns.values >= float(config["eventValueThreshold"]))] = False
    parameters = (config.get("eventsConfig") or {}).get("eventParametersList", [])
    for one in parameters:
        mine = np.array([kind.lower() == str(one.get("eventType", "")).lower() for kind in columns.event_types], bool)
        of_kind = mine[columns.kinds] if columns.kinds.size else np.zeros(0, bool)
        if one.get("weight") == 0:
            kept[of_kind] = False
        if one.get("eventValueThreshold") is not None:
            kept[of_kind & ~(columns.values >= one["eventValueThreshold"])] = False
    return kept


def _without_unused(interactions: Interactions) -> Interactions:
    """Give users and items new numbers, so that those of which nothing was kept are gone."""
    users, new_users = np.unique(interactions.users, return_inverse=True)
    items, new_items = np.unique(interactions.items, return_inverse=True)
    return Interactions(
        [interactions.user_ids[place] for place in users.tolist()],
        [interactions.item_ids[place] for place in items.tolist()],
        interactions.event_types,
        new_users.astype(np.int32),
        new_items.astype(np.int32),
        interactions.kinds,
        interactions.times,
        interactions.weights,
    )


def _check_minimum(interactions: Interactions) -> None:
    if len(interactions) < limits.MIN_INTERACTIONS:
        raise TrainingFailedError(
            f"there are {len(interactions)} unique interactions after filtering by event type and value; "
            f"at least {limits.MIN_INTERACTIONS} are needed"
        )
    with_two = int((np.diff(interactions.starts()) >= 2).sum())
    if with_two < limits.MIN_USERS_WITH_TWO:
        raise TrainingFailedError(
            f"{with_two} users have two or more interactions; at least {limits.MIN_USERS_WITH_TWO} are needed"
        )
