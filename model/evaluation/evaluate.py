"""Evaluating: questions put to a trained model, and all that its answers tell.

The whole catalogue is ranked ("full"), or the wanted items among a hundred ("sampled"): two protocols whose figures
cannot be compared, so a result says which it is and comparisons refuse to mix them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from model.datasets.catalogue import Catalogue
from model.evaluation.lists import full_lists, locator, sampled_lists
from model.evaluation.metrics.beyond_accuracy import beyond_accuracy
from model.evaluation.metrics.intervals import Interval, intervals
from model.evaluation.metrics.ranking import ranking_metrics
from model.evaluation.slices import slices_of
from model.evaluation.splits import NothingToAskError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.evaluation.lists import Lists, Recommender
    from model.evaluation.splits import Question, Split

Protocol = Literal["full", "sampled"]
CUTS = (5, 10, 20)
NEGATIVES = 99  # as in NCF's protocol
SEED = 20261121


@dataclass(frozen=True)
class Result:
    """What a model's answers to a split's questions tell.

    Attributes
    ----------
    protocol : str
        "full" or "sampled".
    split : str
        In words.
    per_question : dict of float arrays of shape (questions,)
        By metric, such as "ndcg@10".
    users : list of str
        Who each question is of.
    slices : dict of bool arrays of shape (questions,)
        Which questions belong to a slice, by its name.
    beyond : dict of float
        Coverage, novelty, diversity and popularity bias of the lists as a whole.
    latency_ms : dict of float
        p50 and p99 of an answer, in process.
    fingerprint : str
        Equal for results of the same questions under the same protocol, and for no others.
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
        """Return the mean of a metric over all questions.

        Parameters
        ----------
        metric : str
            Such as "recall@20".
        """
        return float(self.per_question[metric].mean())

    def intervals(self, within: str | None = None) -> dict[str, Interval]:
        """Return the mean of every metric with its bootstrap interval.

        Parameters
        ----------
        within : str, optional
            Name of a slice; all questions where it is missing.
        """
        kept = np.ones(len(self), np.bool_) if within is None else self.slices[within]
        users = [self.users[place] for place in np.flatnonzero(kept).tolist()]
        return intervals({name: values[kept] for name, values in self.per_question.items()}, users)


def evaluate(
    recommender: Recommender,
    split: Split,
    cuts: Sequence[int] = CUTS,
    protocol: Protocol = "full",
    *,
    hide_seen: bool = True,
    catalogue: Catalogue | None = None,
) -> Result:
    """Put a split's questions to a model that was fitted on `split.train`.

    Parameters
    ----------
    cuts : sequence of int
        Lengths of lists that metrics are taken at.
    protocol : str
        "full" ranks the whole catalogue, "sampled" the wanted items among `NEGATIVES` drawn ones.
    hide_seen : bool
        Whether only what is new to a user counts: items of the history are neither listed nor wanted, and questions
        that want nothing else are left out. Where users come back to items, as in sessions, set it to false.
    catalogue : Catalogue, optional
        Features of items, by which diversity is measured; by who touches items where it is missing.

    Raises
    ------
    NothingToAskError
        No question is left.
    """
    asked = replace(split, questions=_new_only(split.questions)) if hide_seen else split
    if not asked.questions:
        raise NothingToAskError(
            f"none of {len(split.questions)} questions wants an item that is not in the person's history; "
            "let seen items count, or split otherwise"
        )
    depth = max(cuts)
    if protocol == "full":
        lists = full_lists(recommender, asked, depth, hide_seen=hide_seen)
    else:
        lists = sampled_lists(recommender, asked, depth, NEGATIVES, SEED)
    wanted = np.array([len(one.wanted) for one in asked.questions], np.int64)
    return Result(
        protocol=protocol,
        split=split.name,
        per_question=ranking_metrics(hits_of(lists, asked), wanted, cuts),
        users=[one.user for one in asked.questions],
        slices=slices_of(asked),
        # Of lists out of a hundred drawn items it would be the draw that is described.
        beyond=beyond_accuracy(lists, asked.train, catalogue or Catalogue(), cuts) if protocol == "full" else {},
        latency_ms={
            "p50": float(np.quantile(lists.milliseconds, 0.5)),
            "p99": float(np.quantile(lists.milliseconds, 0.99)),
        },
        fingerprint=_fingerprint(asked.questions, protocol, cuts),
    )


def hits_of(lists: Lists, split: Split) -> NDArray[np.bool_]:
    """Tell of each place of each list whether its item was wanted.

    Parameters
    ----------
    lists : Lists
        Answers to the questions of `split`.

    Returns
    -------
    bool array of shape (questions, depth)
    """
    locate = locator(split, lists.item_ids)
    width = max(1, len(lists.item_ids))
    found = [locate(one.wanted) + number * width for number, one in enumerate(split.questions)]
    keys = np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)
    rows = np.arange(len(lists.places), dtype=np.int64)[:, None] * width
    hits: NDArray[np.bool_] = np.isin(lists.places + rows, keys) & (lists.places >= 0)
    return hits


def _new_only(questions: list[Question]) -> list[Question]:
    kept = []
    for one in questions:
        seen = set(one.history)
        wanted = tuple(item for item in one.wanted if item not in seen)
        if wanted:
            kept.append(one if len(wanted) == len(one.wanted) else replace(one, wanted=wanted))
    return kept


def _fingerprint(questions: list[Question], protocol: str, cuts: Sequence[int]) -> str:
    digest = hashlib.sha256(f"{protocol} {sorted(cuts)}".encode())
    for one in questions:
        digest.update(repr((one.user, one.moment, one.wanted)).encode())
    return digest.hexdigest()[:16]
