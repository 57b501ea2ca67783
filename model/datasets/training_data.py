"""The data of a training: interactions filtered and weighted by the solution, and catalogues of items and users."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from model.datasets import limits
from model.datasets.avro_schema import read_schema
from model.datasets.catalogue import Catalogue
from model.datasets.errors import InsufficientDataError
from model.datasets.interactions import Interactions, from_columns
from model.datasets.values import WHOLE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from model.datasets.avro_schema import Column
    from model.datasets.columns import Columns

CREATED = "CREATION_TIMESTAMP"
NUMERIC = frozenset({"int", "long", "float", "double"})
WORD = re.compile(r"[^\W\d_]{3,}")
WORDS_PER_TEXT = 40  # the first words, which usually name the item


@dataclass(frozen=True)
class TrainingData:
    """All that a recipe learns from.

    Attributes
    ----------
    solution : mapping
        The solution's solutionConfig, for what is no hyper-parameter (optimizationObjective).
    """

    interactions: Interactions
    catalogue: Catalogue = field(default_factory=Catalogue)
    parameters: Mapping[str, str] = field(default_factory=dict)
    users: Catalogue = field(default_factory=Catalogue)
    solution: Mapping[str, Any] = field(default_factory=dict)


def select_interactions(
    columns: Columns, solution: dict[str, Any], excluded: frozenset[str] = frozenset(), *, enough: bool = True
) -> Interactions:
    """Filter and weight interactions, and check that enough remain.

    Parameters
    ----------
    solution : dict
        `eventType` and `solutionConfig` of the solution, if it has them.
    enough : bool
        Whether to require the documented minimum.
    """
    kept = _kept(columns, solution)
    ids = (columns.user_ids, columns.item_ids, columns.event_types)
    parts = (columns.users[kept], columns.items[kept], columns.kinds[kept], columns.times[kept])
    context = {name: column.at(kept) for name, column in columns.context.items() if name not in excluded}
    chosen = from_columns(ids, *parts, context).without_unused()
    # Times in the future, from clocks that run ahead, count as now: else everything else would look old.
    chosen = replace(chosen, times=np.minimum(chosen.times, int(time.time())))
    by_type = _configured_weights(solution)
    if by_type:
        table = np.array([by_type.get(kind.lower(), 1.0) for kind in chosen.event_types] or [1.0], np.float32)
        chosen = replace(chosen, weights=table[chosen.kinds])
    if enough:
        _check_minimum(chosen)
    return chosen


def catalogue_of(rows: Mapping[str, dict[str, Any]], schema_text: str | None, excluded: Collection[str]) -> Catalogue:
    """Turn rows of an Items, Users or Actions dataset into features and numbers."""
    if schema_text is None:
        return Catalogue()
    schema = read_schema(schema_text)
    columns = [column for column in schema.metadata() if column.name not in excluded and column.name != CREATED]
    # A float rounds large longs, which would then be one attribute of a segment.
    numeric = {column.name: int if column.kind in WHOLE else float for column in columns if column.kind in NUMERIC}
    ids: list[str] = []
    features: list[tuple[str, ...]] = []
    created: list[int] = []
    numbers: dict[str, list[float]] = {name: [] for name in numeric}
    # Iterating reads each row from disk, so there is only one loop.
    for row_id, row in rows.items():
        ids.append(row_id)
        features.append(tuple(_features(columns, row)))
        created.append(int(row.get(CREATED) or 0))
        for name, kind in numeric.items():
            value = row.get(name)
            numbers[name].append(math.nan if value is None else kind(value))
    return Catalogue(ids, features, created, numbers)


def _features(columns: list[Column], row: dict[str, Any]) -> list[str]:
    features: list[str] = []
    for column in columns:
        value = row.get(column.name)
        if value is None or column.kind != "string":
            continue
        if column.categorical:
            features += [f"{column.name}={category}" for category in value.split("|") if category]
        elif column.textual or column.item_name:
            features += [f"word={word.lower()}" for word in WORD.findall(value)[:WORDS_PER_TEXT]]
    return features


def _configured_weights(solution: dict[str, Any]) -> dict[str, float]:
    config = (solution.get("solutionConfig") or {}).get("eventsConfig") or {}
    return {
        str(event["eventType"]).lower(): float(event.get("weight", 1.0))
        for event in config.get("eventParametersList", [])
        if event.get("eventType")
    }


def _kept(columns: Columns, solution: dict[str, Any]) -> NDArray[np.bool_]:
    """Return which interactions to train on."""
    config = solution.get("solutionConfig") or {}
    kept = np.ones(columns.times.size, np.bool_)
    wanted = solution.get("eventType")
    if wanted:
        numbers = [place for place, kind in enumerate(columns.event_types) if kind.lower() == wanted.lower()]
        kept[~np.isin(columns.kinds, numbers)] = False
    if config.get("eventValueThreshold"):
        # A missing value is below every threshold: comparing with NaN gives false.
        kept[~(columns.values >= float(config["eventValueThreshold"]))] = False
    parameters = (config.get("eventsConfig") or {}).get("eventParametersList", [])
    for event in parameters:
        matches = np.array(
            [kind.lower() == str(event.get("eventType", "")).lower() for kind in columns.event_types], bool
        )
        of_kind = matches[columns.kinds] if columns.kinds.size else np.zeros(0, bool)
        if event.get("weight") == 0:
            kept[of_kind] = False
        if event.get("eventValueThreshold") is not None:
            kept[of_kind & ~(columns.values >= event["eventValueThreshold"])] = False
    return kept


def _check_minimum(interactions: Interactions) -> None:
    if len(interactions) < limits.MIN_INTERACTIONS:
        raise InsufficientDataError(
            f"there are {len(interactions)} unique interactions after filtering by event type and value; "
            f"at least {limits.MIN_INTERACTIONS} are needed"
        )
    with_two = int((np.diff(interactions.starts()) >= 2).sum())
    if with_two < limits.MIN_USERS_WITH_TWO:
        raise InsufficientDataError(
            f"{with_two} users have two or more interactions; at least {limits.MIN_USERS_WITH_TWO} are needed"
        )
    users = len(interactions.user_ids)
    if with_two < limits.MIN_SHARE_WITH_TWO * users:
        raise InsufficientDataError(
            f"{with_two} of {users} users have two or more interactions; "
            f"at least {limits.MIN_SHARE_WITH_TWO:.0%} are needed"
        )
