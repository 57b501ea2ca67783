"""Splits a data set into training interactions and evaluation questions.

Users and items keep their numbers in the training interactions, which hold no answer to a question. Splitting
`split.train` again gives a validation set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.datasets.interactions import Interactions

SEED = 20261121


class UnsplittableError(ValueError):
    """The interactions cannot be split this way; the message names the reason and an alternative."""


class NoQuestionsError(ValueError):
    """A split has no questions; the message names the reason and an alternative."""


class History(Sequence[str]):
    """The items of a range of one user's interactions, latest first: a view, not a copy.

    A user with millions of events gives millions of questions whose histories overlap; copies would not fit into
    memory.

    Attributes
    ----------
    places : int32 array of shape (events,)
        Item numbers, latest first.
    """

    def __init__(self, interactions: Interactions, begin: int, end: int) -> None:
        self.item_ids = interactions.item_ids
        self.places: NDArray[np.int32] = interactions.items[begin:end][::-1]

    def __len__(self) -> int:
        return int(self.places.size)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self.item_ids[item] for item in self.places[place].tolist()]
        return self.item_ids[int(self.places[place])]

    def __iter__(self) -> Iterator[str]:
        return (self.item_ids[item] for item in self.places.tolist())


@dataclass(frozen=True, slots=True)
class EvaluationQuestion:
    """A user's history and features at a moment, and the items of the held-out events that followed.

    Attributes
    ----------
    history : sequence of str
        Items, latest first; empty for a user without earlier events.
    wanted : tuple of str
        The held-out items, without duplicates, in order of time.
    moment : int
        Time of the question, in epoch seconds.
    features : tuple of str
        Features of the user, such as ("AGE_GROUP=25-34",).
    context : mapping of str to str
        Context of the first held-out event, such as {"DEVICE": "phone"}.
    """

    user: str
    history: Sequence[str]
    wanted: tuple[str, ...]
    moment: int = 0
    features: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """Training interactions and evaluation questions."""

    train: Interactions
    questions: list[EvaluationQuestion]
    name: str = "given"

    def sample(self, count: int, seed: int = SEED) -> Split:
        """Return the split with a uniform sample of its questions, in their order."""
        if len(self.questions) <= count:
            return self
        sampled = np.random.default_rng(seed).choice(len(self.questions), count, replace=False)
        return replace(self, questions=[self.questions[place] for place in np.sort(sampled).tolist()])

    def with_users(self, users: Catalogue) -> Split:
        """Return the split with the features of users added to their questions."""
        features = dict(zip(users.item_ids, users.features, strict=True))
        return replace(
            self, questions=[replace(question, features=features.get(question.user, ())) for question in self.questions]
        )


def leave_last_out(interactions: Interactions) -> Split:
    """Hold out the last event of each user with two or more; train on the rest.

    The protocol of most papers on sequential recommendation. The training part holds events of other users that are
    later than a question, so metrics are optimistic; `by_time` has no such leak.

    Raises
    ------
    UnsplittableError
        No user has two events.
    """
    starts = interactions.starts()
    asked = np.flatnonzero(np.diff(starts) >= 2)
    if not asked.size:
        raise UnsplittableError(
            f"none of {len(interactions.user_ids)} users has two events, so none can be held out; split by time instead"
        )
    last = starts[asked + 1] - 1
    is_training = np.ones(len(interactions), np.bool_)
    is_training[last] = False
    spans = zip(starts[asked].tolist(), last.tolist(), (last + 1).tolist(), strict=True)
    return Split(interactions.where(is_training), _questions(interactions, spans), "leave the last out")


def by_time(interactions: Interactions, share: float = 0.1) -> Split:
    """Train on the oldest events and hold out the latest; each user of those has one question for all their items.

    Users without older events have questions with an empty history.

    Raises
    ------
    UnsplittableError
        All events have the same time, or there are none.
    """
    cut, older = _cut(interactions, share)
    starts = interactions.starts()
    counts = np.bincount(interactions.users[older], minlength=len(interactions.user_ids))
    first = starts[:-1] + counts
    asked = np.flatnonzero(first < starts[1:])
    spans = zip(starts[asked].tolist(), first[asked].tolist(), starts[asked + 1].tolist(), strict=True)
    name = f"by time, newest {share:.0%} of the events"
    return Split(interactions.where(older), _questions(interactions, spans, lambda _: cut), name)


def next_events(interactions: Interactions, share: float = 0.1) -> Split:
    """Train on the oldest events and predict each of the latest, given all events of the user before it.

    The model does not learn the events after the cut, but each history holds them: this measures how a recipe reacts
    to new events without a new training. A user's first event gives no question.

    Raises
    ------
    UnsplittableError
        All events have the same time, or there are none.
    """
    _, older = _cut(interactions, share)
    asked = next_event_questions(interactions, np.flatnonzero(~older))
    return Split(interactions.where(older), asked, f"next event, newest {share:.0%} of the events")


def hold_out_users(interactions: Interactions, share: float = 0.1, seed: int = SEED) -> Split:
    """Train on some users and predict the latest tenth of the other users' events, given the rest of their events.

    As Amazon Personalize evaluates (developer guide, "Evaluating a solution version with metrics").

    Raises
    ------
    UnsplittableError
        No user would be left to train on, or no held-out user has two events.
    """
    count = len(interactions.user_ids)
    out = np.zeros(count, np.bool_)
    out[np.random.default_rng(seed).permutation(count)[: max(1, round(count * _checked(share)))]] = True
    starts = interactions.starts()
    lengths = np.diff(starts)
    asked = np.flatnonzero(out & (lengths >= 2))
    if out.all() or not asked.size:
        raise UnsplittableError(
            f"of {count} users, {int(out.sum())} would be held out and {asked.size} of those have two events; "
            "at least one user must stay in training and one be held out"
        )
    newest = starts[asked + 1] - np.maximum(1, lengths[asked] // 10)
    spans = zip(starts[asked].tolist(), newest.tolist(), starts[asked + 1].tolist(), strict=True)
    name = f"hold {share:.0%} of the users out"
    return Split(interactions.where(~out[interactions.users]), _questions(interactions, spans), name)


def next_event_questions(
    interactions: Interactions, places: NDArray[np.int64] | None = None
) -> list[EvaluationQuestion]:
    """Return a question for each event, or those at `places`, with all earlier events of the user as history.

    A user's first event gives no question.
    """
    places = np.arange(len(interactions)) if places is None else places
    begins = interactions.starts()[interactions.users[places]]
    asked = places > begins
    begins, places = begins[asked], places[asked]
    spans = zip(begins.tolist(), places.tolist(), (places + 1).tolist(), strict=True)
    return _questions(interactions, spans)


def given_test_set(train: Interactions, wanted: Mapping[str, Sequence[str]]) -> Split:
    """Return the split of a published training set and test set, such as LightGCN's of Gowalla.

    Parameters
    ----------
    wanted : mapping of sequences of str
        The items of the test set by user id; users without items give no question. A user's history is all of their
        interactions in `train`.
    """
    number_of = {user: place for place, user in enumerate(train.user_ids)}
    starts = train.starts()
    questions = []
    for user, items in wanted.items():
        if items:
            number = number_of.get(user)
            begin, end = (0, 0) if number is None else (int(starts[number]), int(starts[number + 1]))
            moment = int(train.times[end - 1]) if end > begin else 0
            questions.append(EvaluationQuestion(user, History(train, begin, end), tuple(dict.fromkeys(items)), moment))
    return Split(train, questions)


def _checked(share: float) -> float:
    if not 0 < share < 1:
        raise UnsplittableError(f"a share of {share} cannot be held out; give one between 0 and 1, such as 0.1")
    return share


def _cut(interactions: Interactions, share: float) -> tuple[int, NDArray[np.bool_]]:
    """Return the time of the first held-out event, and a mask of the interactions before it."""
    if not len(interactions):
        raise UnsplittableError("there are no interactions to split")
    cut = int(np.quantile(interactions.times, 1 - _checked(share), method="lower"))
    older: NDArray[np.bool_] = interactions.times < cut
    if not older.any():
        raise UnsplittableError(
            f"so many of {len(interactions)} events have the time {cut} that none is older than the latest "
            f"{share:.0%}; leave the last event of each user out instead"
        )
    return cut, older


def _questions(
    known: Interactions, spans: Iterable[tuple[int, int, int]], moment: Callable[[int], int] | None = None
) -> list[EvaluationQuestion]:
    """Return a question for each (begin, first held-out event, end), at the time of the first held-out event."""
    asked: list[EvaluationQuestion] = []
    for begin, newest, end in spans:
        wanted = tuple(known.item_ids[item] for item in dict.fromkeys(known.items[newest:end].tolist()))
        codes = {name: int(column.codes[newest]) for name, column in known.context.items()}
        context = {name: known.context[name].values[code] for name, code in codes.items() if code >= 0}
        asked.append(
            EvaluationQuestion(
                known.user_ids[int(known.users[newest])],
                History(known, begin, newest),
                wanted,
                int(known.times[newest]) if moment is None else moment(newest),
                (),
                context,
            )
        )
    return asked
