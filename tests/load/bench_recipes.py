"""How good recommendations are, and at what cost, beside implicit and cornac: `make bench ONLY=recipes`.

Every row is measured in a process of its own: what it learns from, the questions and the way they are counted are the
same for all rows of a data set. `ONLY=recipes:beauty,answers` measures parts. `tests/load/README.md` says more.

Figures in `claimed` are of papers or of logs their authors published: LightGCN (He et al., SIGIR 2020, table 3), NeuMF
on this split (Wang et al., "Neural Graph Collaborative Filtering", SIGIR 2019, table 2), EASE (reczoo/BARS, Gowalla),
BSPM (Choi et al., SIGIR 2023), the three of Beauty (antklen/sasrec-bert4rec-recsys23, README).
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from model.recipes.graph_filter.settings import BSPM
from tests.bench import FAILED
from tests.factories.data_sets.shared_data import FOLDER
from tests.load.engine.running_engine import ROOT
from tests.load.recipes import answers, growth
from tests.load.recipes.personalization import candidates
from tests.load.recipes.processes import FailedMeasurementError, measured
from tests.load.recipes.tasks import FILES, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT, POPULAR, SIMILAR = "aws-user-personalization-v2", "aws-popularity-count", "aws-similar-items"
GRAPH, LIGHTGCN, NEUMF = "rivulet-graph-filter", "rivulet-lightgcn", "rivulet-neumf"
AS_PUBLISHED = "rivulet-graph-filter, set as BSPM"
MEASURED = {
    "gowalla": (POPULAR, DEFAULT, GRAPH, AS_PUBLISHED, LIGHTGCN, NEUMF, "implicit ALS", "implicit BM25", "cornac BPR"),
    "beauty": (POPULAR, DEFAULT, SIMILAR, LIGHTGCN, NEUMF, "implicit ALS", "implicit cosine", "cornac BPR"),
    "yoochoose": (POPULAR, DEFAULT, SIMILAR, LIGHTGCN, NEUMF, "implicit ALS", "implicit cosine", "cornac EASE"),
    "yoochoose-new": (POPULAR, DEFAULT, SIMILAR),
    "movielens": (POPULAR, DEFAULT, SIMILAR, LIGHTGCN, NEUMF, "implicit ALS", "implicit cosine"),
}
# Recipes that know what a user has seen: a second row has their metrics without a filter of such items, and the share
# of these in the first ten places.
FOR_USERS = (DEFAULT, GRAPH, LIGHTGCN, NEUMF)
# The networks', so that all of the bench takes minutes (LightGCN's are its spectral start); the graph filter's, those
# that BSPM's authors published beside their code for Gowalla. The other recipes have their defaults.
SETTINGS: dict[str, Mapping[str, str]] = {
    LIGHTGCN: {"epochs": "0"},
    NEUMF: {"epochs": "3"},
    AS_PUBLISHED: {name: str(value) for name, value in asdict(BSPM).items()},
}
# So many questions, drawn alike from all, are put to what takes 5 ms and more for an answer, whatever the data.
SAMPLE, SAMPLED = 3_000, {LIGHTGCN, NEUMF, "implicit ALS"}
CLAIMED = {
    ("gowalla", AS_PUBLISHED): "0.1920/0.1597",
    ("gowalla", LIGHTGCN): "0.1830/0.1554, GPU 9 h",
    ("gowalla", NEUMF): "0.1399/0.1212",
}
PUBLISHED = {
    "gowalla": {"EASE": "0.1765/0.1467, 21 min"},
    "beauty": {
        "SASRec+ (CE)": "0.0533/0.0327, GPU 332 s",
        "BERT4Rec": "0.0338/0.0187, GPU 2325 s",
        "SASRec": "0.0246/0.0126, GPU 521 s",
    },
    "yoochoose": {},
    "yoochoose-new": {},
    "movielens": {},
}
PARTS = (*MEASURED, "growth", "answers", "candidates")
PEERS = ("implicit ", "cornac ")
# implicit divides its work by OpenMP and asks for BLAS to keep to one thread.
THREADS_OF_PEERS = {"OMP_NUM_THREADS": str(os.cpu_count()), "OPENBLAS_NUM_THREADS": "1"}


def run(*parts: str) -> Iterator[dict[str, Any]]:
    """Measure some of `PARTS`, or all, and print the progress; yield a row for each measured and each published figure.

    The rows of a data set have the same columns.
    """
    wanted = parts or PARTS
    begun, number, total = time.monotonic(), 0, sum(map(_count, wanted))
    for part in wanted:
        columns: list[str] = []
        for row in _rows(part):
            number += 1
            text = ", ".join(f"{column} {value}" for column, value in row.items() if value != "")
            print(f"{number} of {total}, {(time.monotonic() - begun) / 60:.0f} min: {text}", flush=True)
            columns = columns if FAILED in row else list(row)
            yield row
        for name, claimed in PUBLISHED.get(part, {}).items() if "claimed" in columns else ():
            yield {**dict.fromkeys(columns, ""), "data": part, "recipe": f"{name} (published)", "claimed": claimed}
    for part in wanted:
        for file, checksum in FILES.get(part, {}).items():
            yield {"data": part, "file": file, "SHA-256": checksum}


def quality(task: str) -> Iterator[dict[str, Any]]:
    """Measure every recommender on one of `MEASURED`."""
    why = unusable(task, FOLDER)
    if why:
        yield {"data": task, "recipe": why}
        return
    for name in MEASURED[task]:
        try:
            found = _measured(task, name)
            yield _row(task, name, found)
            if _has_unfiltered_row(task, name):
                yield _row(task, f"{name}, unfiltered", {**found, "metrics": found["unfiltered"]})
        except FailedMeasurementError as error:
            yield {"data": task, "recipe": name, FAILED: str(error)}


def _rows(part: str) -> Iterator[dict[str, Any]]:
    if part in MEASURED:
        return quality(part)
    return {"growth": growth.growth, "answers": answers.answers, "candidates": candidates.compare}[part]()


def _count(part: str) -> int:
    """Return how many rows a part has."""
    if part in MEASURED:
        rows = sum(1 + _has_unfiltered_row(part, name) for name in MEASURED[part])
        return 1 if unusable(part, FOLDER) else rows
    if part == "candidates":
        return len(candidates.NAMES)
    return len(growth.NAMES) * len(growth.SIZES) if part == "growth" else len(answers.names())


def _has_unfiltered_row(task: str, name: str) -> bool:
    # Nothing is filtered where repeated items are wanted.
    return name in FOR_USERS and task != "yoochoose"


def _row(task: str, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    metrics = {metric: f"{mean:.4f} ±{(high - low) / 2:.4f}" for metric, (mean, low, high) in found["metrics"].items()}
    return {
        "data": task,
        "recipe": name,
        "asked": found["questions"],
        **metrics,
        "seen of 10": f"{found['seen']:.1%}" if name.endswith("unfiltered") else "",
        "claimed": CLAIMED.get((task, name), ""),
        "training, s": round(found["seconds"], 1),
        "CPU, s": round(found["cpu"], 1),
        "peak, MiB": round(found["peak_mib"]),
        "p50, ms": f"{found['p50']:.2f}",
    }


def _measured(task: str, name: str) -> dict[str, Any]:
    """Measure in a process of the environment that has the library."""
    recipe = GRAPH if name == AS_PUBLISHED else name
    arguments = [task, str(FOLDER), recipe, json.dumps(SETTINGS.get(name, {}))]
    if name in SAMPLED:
        arguments.append(str(SAMPLE))
    if not name.startswith(PEERS):
        return measured("tests.load.recipes.measured", *arguments)
    python = str(ROOT / "build/env/peers/bin/python")
    return measured("tests.load.recipes.measured", *arguments, python=python, threads=THREADS_OF_PEERS)
