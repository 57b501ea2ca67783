"""The hold-out: a sample of the newest events, on which the settings of a recipe are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.recipes.recipe import Query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData

HOLD_OUT_SHARE = 0.1  # of the events, the newest
QUESTIONS = 800  # held-out events to evaluate on; more change the choice little
MAX_HELD_OUT = 0.5  # of the events; where more share the newest times, the others are too few to train on
MIN_EVENTS = 25
HISTORY_LENGTH = 50  # newest items of a user from which scores are computed
SEED = 20261121


class HeldOut(NamedTuple):
    """One held-out event: the history before it, its item, and its context.

    Attributes
    ----------
    history : list of int
        The latest items, newest first, never empty.
    seen : int32 array of shape (n,)
        All items that the user interacted with before, however long ago.
    query : Query
        Its context and user_features.
    """

    history: list[int]
    seen: NDArray[np.int32]
    target: int
    query: Query

    @property
    def is_new(self) -> bool:
        """Whether the user interacted with the item for the first time."""
        return not (self.seen == self.target).any()


def hold_out(data: TrainingData) -> tuple[TrainingData, list[HeldOut], bool]:
    """Split data into older events and a sample of the newest ones; a random sample where times give no order.

    Returns
    -------
    older : TrainingData
        With the same lists of ids; without an order, each user's events are shuffled.
    questions : list of HeldOut
        Empty where there are too few events, or no user has two.
    in_order : bool
        Whether the times of events give an order.
    """
    newest = _newest_events(data.interactions)
    in_order = newest is not None
    known = in_order_of_times(data.interactions)
    if len(known) < MIN_EVENTS:
        return data, [], in_order
    random = np.random.default_rng(SEED)
    held = random.random(len(known)) < HOLD_OUT_SHARE if newest is None else newest
    older = known.where(~held)
    # With an order, the history is all events before it, held out or not; without, the user's other training events.
    before = known if in_order else older
    starts = before.starts()
    positions = np.flatnonzero(held)
    users = known.users[positions]
    ends = positions if in_order else starts[users + 1]
    asked = np.flatnonzero(ends > starts[users])
    if asked.size > QUESTIONS:
        asked = np.sort(random.choice(asked, QUESTIONS, replace=False))
    features_of = dict(zip(data.users.item_ids, data.users.features, strict=True))
    questions = []
    for position, user, end in zip(positions[asked].tolist(), users[asked].tolist(), ends[asked].tolist(), strict=True):
        seen = before.items[starts[user] : end]
        history = seen[-HISTORY_LENGTH:][::-1].tolist()
        query = Query(context=_context(known, position), user_features=features_of.get(known.user_ids[user], ()))
        questions.append(HeldOut(history, seen, int(known.items[position]), query))
    return replace(data, interactions=older), questions, in_order


def in_order_of_times(known: Interactions) -> Interactions:
    """Return interactions in order of their times; where these give no order, each user's events in a random order.

    Neighbours in a file that is sorted by item, say, would look as if users went from one to the other. The random
    order does not depend on that of the file.
    """
    if not len(known) or _newest_events(known) is not None:
        return known
    by_item = known.at(np.lexsort((known.items, known.users)))
    return by_item.at(np.lexsort((np.random.default_rng(SEED).random(len(known)), by_item.users)))


def _newest_events(known: Interactions) -> NDArray[np.bool_] | None:
    """Return which events are the newest tenth; None where too many events share the newest times."""
    if not len(known):
        return None
    newest: NDArray[np.bool_] = known.times >= np.quantile(known.times, 1 - HOLD_OUT_SHARE, method="lower")
    return newest if newest.mean() <= MAX_HELD_OUT else None


def _context(known: Interactions, position: int) -> Mapping[str, str]:
    """Return the contextual metadata of one interaction."""
    codes = {name: int(column.codes[position]) for name, column in known.context.items()}
    return {name: known.context[name].values[code] for name, code in codes.items() if code >= 0}
