"""Judge recipes, train a network, and build data sets: `python -m tests.integration.formats.make_experiment FOLDER`.

FOLDER holds the lake of `make_lake`. It then holds `datasets/`, as the datasets job writes them, `experiments/`, and
`checkpoint/` of a network's training. See README.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.integration.formats import data

RECIPES = "aws-popularity-count,aws-user-personalization-v2"


def write_clicks(folder: Path) -> None:
    """Write the small shop's events in the form of the contract."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "event_id": f"e-{place}",
            "user_id": user,
            "item_id": item,
            "timestamp": datetime.fromtimestamp(moment, UTC).isoformat(),
            "event_type": kind,
            "consent": "granted",
        }
        for place, (user, item, moment, kind) in enumerate(data.interactions())
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def run(*arguments: str) -> str:
    """Run a command of the project and return what it prints."""
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    environment |= {"PYSPARK_SUBMIT_ARGS": "--master local[1] --conf spark.ui.enabled=false pyspark-shell"}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def build_datasets(lake: Path, target: Path) -> None:
    """Run the datasets job over a lake."""
    run("scripts.datasets", "--lake", f"{lake}/raw/", "--datasets", f"{target}/", "--run_id", "run")


def judge(folder: Path, clicks: Path, name: str) -> None:
    """Judge recipes on the clicks."""
    run("model.evaluation", "--folder", str(folder), "run", str(clicks), "--recipes", RECIPES, "--name", name)


def train_network(folder: Path, clicks: Path, out: Path) -> None:
    """Train a network for two epochs and keep its checkpoint; with a checkpoint, only load what it holds."""
    run(
        *("model.networks", "train", "lightgcn", str(clicks), "--out", str(out), "--checkpoints", str(folder)),
        *("--set", "epochs=2", "--set", "hidden_dimension=8", "--set", "negatives=16"),
    )


def main(folder: Path) -> int:
    """Make all of it."""
    clicks = folder / "clicks"
    write_clicks(clicks)
    build_datasets(folder / "s3" / "lake", folder / "datasets")
    judge(folder / "experiments", clicks, "stored")
    train_network(folder / "checkpoint", clicks, folder / "network")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
