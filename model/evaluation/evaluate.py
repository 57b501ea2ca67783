"""Evaluates a trained model on the questions of a split.

Either the whole catalogue is ranked ("full") or the wanted items among a hundred ("sampled"). Metrics of the two
protocols cannot be compared, so a result records its protocol and comparisons refuse to mix them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from model.datasets.catalogue import Catalogue
from model.evaluation.lists import NOTHING, full_lists, locator, sampled_lists
from model.evaluation.metrics.beyond_accuracy import beyond_accuracy
from model.evaluation.metrics.intervals import Interval, intervals
from model.evaluation.metrics.ranking import ranking_metrics
from model.evaluation.slices import slices_of
from model.evaluation.splits import NoQuestionsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.evaluation.lists import Lists, Recommender
    from model.evaluation.splits import EvaluationQuestion, Split

Protocol = Literal["full", "sampled"]
CUTS = (5, 10, 20)
NEGATIVES = 99  # as in NCF's protocol
SEED = 20261121


@dataclass(frozen=True)
class Result:
    """The metrics of a model's answers to the questions of a split.

    Attributes
    ----------
    protocol : str
        "full" or "sampled".
    per_question : dict of float arrays of shape (questions,)
        By metric, such as "ndcg@10".
    slices : dict of bool arrays of shape (questions,)
        By slice: whether a question belongs to it.
    beyond : dict of float
        Coverage, novelty, diversity and popularity bias of the lists as a whole.
    latency_ms : dict of float
        p50 and p99 of the time of an answer, in process.
    fingerprint : str
        Equal exactly for results of the same questions under the same protocol.
    """

    protocol: Protocol
    split: str
    per_question: dict[str, NDArray[np.float64]]
    users: list[str]
    slices: dict[str, NDArray[np.bool_]]
    beyond: dict[str, float]
    latency_ms: dict[str, float]
    fingerprint: str

    def __len__(self) -> int:
        return len(self.users)

    def mean(self, metric: str) -> float:
        """Return the mean of a metric over all questions."""
        return float(self.per_question[metric].mean())

    def is_same(self, metric: str, other: str) -> bool:
        """Return whether two metrics are equal for every question, such as hr and recall with one wanted item."""
        return bool(np.array_equal(self.per_question[metric], self.per_question[other], equal_nan=True))

    def user_count(self, mask: NDArray[np.bool_]) -> int:
        """Return the number of users of some questions; `mask` has the shape (questions,)."""
        return len({self.users[place] for place in np.flatnonzero(mask).tolist()})

    def intervals(self, within: str | None = None) -> dict[str, Interval]:
        """Return the mean of every metric with its bootstrap interval, within a slice or over all questions."""
        mask = np.ones(len(self), np.bool_) if within is None else self.slices[within]
        users = [self.users[place] for place in np.flatnonzero(mask).tolist()]
        return intervals({name: values[mask] for name, values in self.per_question.items()}, users)


def evaluate(
    recommender: Recommender,
    split: Split,
    cuts: Sequence[int] = CUTS,
    protocol: Protocol = "full",
    *,
    hide_seen: bool = True,
    catalogue: Catalogue | None = None,
) -> Result:
    """Evaluate a model that was fitted on `split.train` on the questions of the split.

    Parameters
    ----------
    protocol : str
        "full" ranks the whole catalogue, "sampled" the wanted items among `NEGATIVES` sampled ones.
    hide_seen : bool
        Whether only items that are new to a user count: items of the history are neither listed nor wanted, and
        questions that want nothing else are left out. Set it to false where users return to items, as in sessions, and
        train with `repeats` true.
    catalogue : Catalogue, optional
        Features of items, for the diversity of lists; without it, diversity compares the items' users.

    Raises
    ------
    NothingToAskError
        No question is left.
    """
    asked = replace(split, questions=ask_for_new_items(split.questions)) if hide_seen else split
    if not asked.questions:
        raise NoQuestionsError(
            f"none of {len(split.questions)} questions wants an item that is not in the user's history; "
            "count seen items as well, or use another split"
        )
    depth = max(cuts)
    if protocol == "full":
        lists = full_lists(recommender, asked, depth, hide_seen=hide_seen, repeats=not hide_seen)
    else:
        lists = sampled_lists(recommender, asked, depth, NEGATIVES, SEED, repeats=not hide_seen)
    wanted = np.array([len(question.wanted) for question in asked.questions], np.int64)
    return Result(
        protocol=protocol,
        split=split.name,
        per_question=ranking_metrics(hits_of(lists, asked), wanted, cuts),
        users=[question.user for question in asked.questions],
        slices=slices_of(asked),
        # Lists of a hundred sampled items would describe the sample, not the model.
        beyond=beyond_accuracy(lists, asked.train, catalogue or Catalogue(), cuts) if protocol == "full" else {},
        latency_ms={
            "p50": float(np.quantile(lists.milliseconds, 0.5)),
            "p99": float(np.quantile(lists.milliseconds, 0.99)),
        },
        fingerprint=_fingerprint(asked.questions, protocol, cuts),
    )


def hits_of(lists: Lists, split: Split) -> NDArray[np.bool_]:
    """Return for each position of each list whether its item was wanted: shape (questions, depth)."""
    locate = locator(split, lists.item_ids)
    width = max(1, len(lists.item_ids))
    wanted = [locate(question.wanted) + number * width for number, question in enumerate(split.questions)]
    keys = np.sort(np.concatenate(wanted)) if wanted else np.empty(0, np.int64)
    rows = np.arange(len(lists.places), dtype=np.int64)[:, None] * width
    hits: NDArray[np.bool_] = np.isin(lists.places + rows, keys) & (lists.places >= 0)
    return hits


def seen_share(lists: Lists, split: Split, depth: int) -> float:
    """Return the share of the first `depth` places of all lists that items of the history have."""
    locate = locator(split, lists.item_ids)
    listed = lists.places[:, :depth]
    seen = [np.isin(row, locate(question.history)).sum() for row, question in zip(listed, split.questions, strict=True)]
    return float(np.sum(seen)) / max(1, int((listed != NOTHING).sum()))


def ask_for_new_items(questions: list[EvaluationQuestion]) -> list[EvaluationQuestion]:
    """Return questions whose wanted items are new to the user, without those that want no such item."""
    new_only = []
    for question in questions:
        seen = set(question.history)
        wanted = tuple(item for item in question.wanted if item not in seen)
        if wanted:
            new_only.append(question if len(wanted) == len(question.wanted) else replace(question, wanted=wanted))
    return new_only


def _fingerprint(questions: list[EvaluationQuestion], protocol: str, cuts: Sequence[int]) -> str:
    digest = hashlib.sha256(f"{protocol} {sorted(cuts)}".encode())
    for question in questions:
        digest.update(repr((question.user, question.moment, question.wanted)).encode())
    return digest.hexdigest()[:16]
