"""Similar items compared with another library's, from the latest item alone, with another item as the target.

`python -m tests.load.recipes.alike FOLDER` prints a row for each data set and model. In the tables of the bench, models
of other libraries use a user's whole history, and may recommend the latest item itself, which a quarter of the clicks
of YooChoose repeat: similar items may do neither.
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
            metrics = "  ".join(f"{metric} {mean:.4f}" for metric, (mean, _, _) in found["metrics"].items())
            print(f"{name:10} {model:18} {metrics}  training {found['cpu']:.1f} CPU s", flush=True)


def newest_alone(split: Split) -> Split:
    """Reduce each question to the latest item, and drop those whose target is that item."""
    questions = [
        replace(question, history=question.history[:1])
        for question in split.questions
        if question.history[0] not in question.wanted
    ]
    return replace(split, questions=questions)


if __name__ == "__main__":
    main()
