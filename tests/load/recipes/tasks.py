"""Public data sets as questions comparable with papers; imported in every environment of the bench.

None of the data lie in the project: `../shared/data` beside it holds them; `FILES` names each file with its SHA-256.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import Interactions, from_columns
from model.evaluation.evaluate import ask_for_new_items
from model.evaluation.splits import Split, leave_last_out, next_event_questions, next_events
from tests.factories.data_sets.gowalla import gowalla as published_gowalla

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

WORD = re.compile(r"[^\W\d_]{3,}")
CLICKS = "yoochoose-100k/yoochoose-clicks-100k_{}.txt"


@dataclass(frozen=True)
class Task:
    """Training data, questions and two metrics, such as ("recall@20", "ndcg@20"), of a benchmark.

    With `hide_seen`, only items that are new to a user are listed and expected.
    """

    split: Split
    metrics: tuple[str, str]
    hide_seen: bool
    catalogue: Catalogue = field(default_factory=Catalogue)


def gowalla(folder: Path) -> Task:
    """Return LightGCN's split of Gowalla: check-ins without times; every user is asked."""
    return Task(published_gowalla(folder), ("recall@20", "ndcg@20"), hide_seen=True)


def beauty(folder: Path) -> Task:
    """Return Amazon Beauty as BERT4Rec prepared it: the last review of each user is asked for."""
    owners, items = np.loadtxt(folder / "beauty-sas/beauty.txt", dtype=np.int64).T
    (user_ids, users), (item_ids, places) = _numbered(owners), _numbered(items)
    # The file holds the order only: the line number replaces the time.
    known = _interactions((user_ids, item_ids), users, places, np.arange(users.size))
    return Task(leave_last_out(known), ("hr@10", "ndcg@10"), hide_seen=True)


def yoochoose(folder: Path) -> Task:
    """Return a shop's click sessions: every click but the first of the newest sessions is asked for."""
    old, new = (np.loadtxt(folder / CLICKS.format(name), skiprows=1) for name in ("train_full", "test"))
    item_ids, places = _numbered(np.concatenate([old[:, 1], new[:, 1]]).astype(np.int64))
    session_ids, sessions = _numbered(old[:, 0].astype(np.int64))
    train = _interactions((session_ids, item_ids), sessions, places[: len(old)], old[:, 2].astype(np.int64))
    session_ids, sessions = _numbered(new[:, 0].astype(np.int64))
    order = np.lexsort((new[:, 2], sessions))
    # Not `from_columns`, which would leave the second of two clicks on one thing within a second out of the questions.
    clicks = Interactions(
        session_ids,
        item_ids,
        ["View"],
        sessions[order],
        places[len(old) :][order],
        np.zeros(len(new), np.int16),
        new[order, 2].astype(np.int64),
        np.ones(len(new), np.float32),
    )
    split = Split(train, next_event_questions(clicks), "next click of the newest sessions")
    return Task(split, ("hr@20", "mrr@20"), hide_seen=False)


def new_clicks(folder: Path) -> Task:
    """Return the click sessions as a shop that shows no item again has them: the next click on a new item is wanted."""
    task = yoochoose(folder)
    return replace(task, split=replace(task.split, questions=ask_for_new_items(task.split.questions)), hide_seen=True)


def movielens(folder: Path) -> Task:
    """Return the film ratings: learnt from the oldest nine tenths, each newer film is asked for."""
    ratings = np.loadtxt(folder / "ml-latest-small/ratings.csv", delimiter=",", skiprows=1)
    (user_ids, users), (item_ids, items) = (_numbered(ratings[:, column].astype(np.int64)) for column in (0, 1))
    known = _interactions((user_ids, item_ids), users, items, ratings[:, 3].astype(np.int64))
    with (folder / "ml-latest-small/movies.csv").open(encoding="utf-8", newline="") as lines:
        films = list(csv.DictReader(lines))
    features: list[tuple[str, ...]] = [
        (
            *(f"GENRES={genre}" for genre in film["genres"].split("|")),
            *(f"word={word.lower()}" for word in WORD.findall(film["title"])),
        )
        for film in films
    ]
    catalogue = Catalogue([film["movieId"] for film in films], features, [0] * len(films))
    return Task(next_events(known), ("hr@10", "ndcg@10"), hide_seen=True, catalogue=catalogue)


TASKS: dict[str, Callable[[Path], Task]] = {
    "gowalla": gowalla,
    "beauty": beauty,
    "yoochoose": yoochoose,
    "yoochoose-new": new_clicks,
    "movielens": movielens,
}
FILES = {
    "gowalla": {
        "gowalla-lightgcn/s_adj_mat.npz": "6ab3ab7aa1278da3717054c60258d88d2d2d78914fa62db2b13da9321e397cab",
        "gowalla-lightgcn/test.txt": "099a2a73924e4b754dc6efd730d764f492321b53c38eb93298850c83acf57be3",
    },
    "beauty": {"beauty-sas/beauty.txt": "f480b7a7403852342ffd8f9809bb30697dd669be31813d0e204b698fec86ef49"},
    "yoochoose": {
        CLICKS.format("train_full"): "9842c90358298ee784fcf0c9dccb2eeb283ab04368e53bdeee896747f4c03e1e",
        CLICKS.format("test"): "380410c606403531019e1ec0b4d192ef90492d594b9b5a91633b860618dd7136",
    },
    "movielens": {
        "ml-latest-small/ratings.csv": "80da8b3393dae325bbba5a31f291a6ba55d8d4f4396de3c456f2c1635b1b70e8",
        "ml-latest-small/movies.csv": "c47b783f23eb304413307e1bb05335e427737da20ec8d3c0e96335567dd5f3dc",
    },
}
FILES["yoochoose-new"] = FILES["yoochoose"]


def unusable(name: str, folder: Path) -> str | None:
    """Return the file of a task that is missing or differs from the one of the published metrics, or None."""
    for file, checksum in FILES[name].items():
        path = folder / file
        if not path.is_file():
            return f"not measured: {file} is missing from ../{folder.parent.name}/{folder.name}"
        if hashlib.sha256(path.read_bytes()).hexdigest() != checksum:
            return f"not measured: {file} is another file than that with SHA-256 {checksum[:12]}…"
    return None


def _numbered(ids: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int32]]:
    known, places = np.unique(ids, return_inverse=True)
    return [str(number) for number in known.tolist()], places.astype(np.int32)


def _interactions(ids: tuple[list[str], list[str]], users: Any, items: Any, times: NDArray[np.int64]) -> Interactions:
    kinds = np.zeros(times.size, np.int16)
    return from_columns((*ids, ["View"]), users.astype(np.int32), items.astype(np.int32), kinds, times)
