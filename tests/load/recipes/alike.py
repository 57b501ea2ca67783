"""Similar items beside another library's, both told the newest item alone and asked for another that came next.

`python -m tests.load.recipes.alike FOLDER` prints a row for each data set and model. In the tables of the bench, models
of other libraries know a user's whole history, and may answer with the newest item itself, which a quarter of the
clicks of YooChoose repeat: similar items may do neither.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.load.recipes.measured import peer, recipe
from tests.load.recipes.tasks import TASKS, Task

if TYPE_CHECKING:
    from model.evaluation.splits import Split

NAMES = ("yoochoose", "beauty", "movielens")
PEERS = ("implicit cosine", "implicit BM25")


def main() -> None:
    """Measure and print."""
    folder = Path(sys.argv[1])
    for name in NAMES:
        task = TASKS[name](folder)
        asked = Task(newest_alone(task.split), task.metrics, hide_seen=True, catalogue=task.catalogue)
        for model in ("aws-similar-items", *PEERS):
            found = peer(asked, model) if model in PEERS else recipe(asked, model, {})
            told = "  ".join(f"{metric} {mean:.4f}" for metric, (mean, _, _) in found["metrics"].items())
            print(f"{name:10} {model:18} {told}  training {found['cpu']:.1f} CPU s", flush=True)


def newest_alone(split: Split) -> Split:
    """Tell each question the newest item alone, and leave out those whose answer is that item again."""
    questions = [replace(one, history=one.history[:1]) for one in split.questions if one.history[0] not in one.wanted]
    return replace(split, questions=questions)


if __name__ == "__main__":
    main()
