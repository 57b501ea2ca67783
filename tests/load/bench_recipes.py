"""How good recommendations are, and at what cost, beside implicit and cornac: `make bench ONLY=recipes`.

Every row is measured in a process of its own: what it learns from, the questions and the way they are counted are the
same for all rows of a data set. `ONLY=recipes:beauty,answers` measures parts. Training and answering of the recipes
keep to one thread, as in the engine; the other libraries have all cores for training.

Figures in `claimed` are of papers or of logs their authors published: LightGCN (He et al., SIGIR 2020, table 3), NeuMF
on this split (Wang et al., "Neural Graph Collaborative Filtering", SIGIR 2019, table 2), EASE (reczoo/BARS, Gowalla),
BSPM (Choi et al., SIGIR 2023), the three of Beauty (antklen/sasrec-bert4rec-recsys23, README).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.factories.shared_data import FOLDER
from tests.load.recipes.answers import answers
from tests.load.recipes.growth import growth
from tests.load.recipes.tasks import FILES, unusable
from tests.load.running_engine import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT, POPULAR, SIMILAR = "aws-user-personalization-v2", "aws-popularity-count", "aws-similar-items"
GRAPH, LIGHTGCN, NEUMF = "rivulet-graph-filter", "rivulet-lightgcn", "rivulet-neumf"
MEASURED = {
    "gowalla": (POPULAR, DEFAULT, GRAPH, LIGHTGCN, NEUMF, "implicit ALS", "implicit BM25", "cornac BPR"),
    "beauty": (POPULAR, DEFAULT, SIMILAR, LIGHTGCN, NEUMF, "implicit ALS", "implicit cosine", "cornac BPR"),
    "yoochoose": (POPULAR, DEFAULT, SIMILAR, LIGHTGCN, NEUMF, "implicit ALS", "implicit cosine", "cornac EASE"),
    "movielens": (POPULAR, DEFAULT, SIMILAR, LIGHTGCN, NEUMF, "implicit ALS", "implicit cosine"),
}
# So that all of the bench takes minutes; the other recipes have their defaults.
SETTINGS: dict[str, Mapping[str, str]] = {LIGHTGCN: {"epochs": "2"}, NEUMF: {"epochs": "3"}}
CLAIMED = {
    ("gowalla", LIGHTGCN): "0.1830/0.1554, 9 h on a GPU",
    ("gowalla", NEUMF): "0.1399/0.1212",
}
PUBLISHED = {
    "gowalla": {"EASE": "0.1765/0.1467, 21 min", "BSPM-EM": "0.1920/0.1597"},
    "beauty": {
        "SASRec+ (CE)": "0.0533/0.0327, 332 s on a GPU",
        "BERT4Rec": "0.0338/0.0187, 2325 s on a GPU",
        "SASRec": "0.0246/0.0126, 521 s on a GPU",
    },
    "yoochoose": {},
    "movielens": {},
}
PARTS = (*MEASURED, "growth", "answers")
PEERS = ("implicit ", "cornac ")


def run(*parts: str) -> list[dict[str, Any]]:
    """Measure.

    Parameters
    ----------
    *parts : str
        Of `PARTS`; all where none is named.

    Returns
    -------
    list of dict
        One row per measurement; rows of a data set have the same columns.
    """
    rows: list[dict[str, Any]] = []
    for part in parts or PARTS:
        if part in MEASURED:
            rows += quality(part)
        else:
            rows += growth() if part == "growth" else answers()
    checked = [
        {"data": part, "file": file, "SHA-256": checksum}
        for part in (parts or PARTS)
        for file, checksum in FILES.get(part, {}).items()
    ]
    return rows + checked


def quality(task: str) -> list[dict[str, Any]]:
    """Measure every recommender on one data set.

    Parameters
    ----------
    task : str
        Of `MEASURED`.

    Returns
    -------
    list of dict
    """
    why = unusable(task, FOLDER)
    if why:
        return [{"data": task, "recipe": why}]
    rows = []
    for name in MEASURED[task]:
        found = _measured(task, name)
        rows.append(_row(task, name, found))
        print(f"{task}, {name}: {', '.join(f'{key} {value}' for key, value in rows[-1].items() if key != 'data')}")
    columns = list(rows[0])
    for name, claimed in PUBLISHED[task].items():
        rows.append({**dict.fromkeys(columns, ""), "data": task, "recipe": f"{name} (published)", "claimed": claimed})
    return rows


def _row(task: str, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    metrics = {metric: f"{mean:.4f} ±{(high - low) / 2:.4f}" for metric, (mean, low, high) in found["metrics"].items()}
    return {
        "data": task,
        "recipe": name,
        **metrics,
        "claimed": CLAIMED.get((task, name), ""),
        "training, s": round(found["seconds"], 1),
        "peak, MiB": round(found["peak_mib"]),
        "answer p50, ms": f"{found['p50']:.2f}",
    }


def _measured(task: str, name: str) -> dict[str, Any]:
    """Measure in a process of the environment that has the library."""
    is_peer = name.startswith(PEERS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    python = str(ROOT / "build/env/peers/bin/python") if is_peer else sys.executable
    parameters = json.dumps(SETTINGS.get(name, {}))
    command = [python, "-m", "tests.load.recipes.measured", task, str(FOLDER), name, parameters]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{name} on {task} ended with code {ended.returncode}: {ended.stderr.strip()[-2000:]}")
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found
