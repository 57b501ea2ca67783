"""Training and serving in SageMaker's layout of folders, in processes as SageMaker starts them."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from model.sagemaker.serve import load, make_server

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = json.loads((ROOT / "model/sagemaker/metric_definitions.json").read_text())
ITEMS, USERS, CLICKS = 40, 150, 8
START = 1_780_000_000


@dataclass
class Job:
    """A training job on this machine, with a folder in place of the container's `/opt/ml`."""

    ml: Path

    def train(self, **hyperparameters: str) -> subprocess.CompletedProcess[str]:
        config = self.ml / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
        folders = {"INPUT": "input", "OUTPUT": "output", "MODEL": "model", "CHECKPOINTS": "checkpoints"}
        variables = {f"SM_{name}_DIR": str(self.ml / folder) for name, folder in folders.items()}
        return subprocess.run(
            [sys.executable, "-m", "model.sagemaker", "train"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def described(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads((self.ml / "model" / "recipe.json").read_text())
        return described

    def failure(self) -> str:
        return (self.ml / "output" / "failure").read_text()


@pytest.fixture
def job(tmp_path) -> Job:
    return make_job(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Job:
    made = make_job(tmp_path_factory.mktemp("trained"))
    assert made.train(recipe="aws-user-personalization-v2").returncode == 0
    return made


def make_job(ml: Path) -> Job:
    """Make a job with a channel as the workflow gives it: users who go round their own quarter of the items."""
    draw = random.Random(1)
    channel = ml / "input" / "data" / "interactions"
    channel.mkdir(parents=True)
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,RECOMMENDATION_ID,DEVICE,HOUR"]
    for user in range(USERS):
        first = draw.randrange(ITEMS)
        for click in range(CLICKS):
            item = (first + click) % 10 + 10 * (user % 4)
            lines.append(f"u{user},i{item},{START + 60 * click + user},View,,,,phone,12")
    (channel / "part-00000.csv").write_text("\n".join(lines) + "\n")
    return Job(ml)


def test_a_training_leaves_a_model_that_answers_and_prints_what_the_regexes_find(job):
    done = job.train(recipe="aws-user-personalization-v2")

    assert done.returncode == 0, done.stderr
    metrics = job.described()["metrics"]
    for name in ("normalized_discounted_cumulative_gain_at_25", "precision_at_25", "coverage"):
        (regex,) = (definition["Regex"] for definition in DEFINITIONS if definition["Name"] == name)
        (found,) = re.findall(regex, done.stdout, re.MULTILINE)
        assert float(found) == pytest.approx(metrics[name])
    assert metrics["normalized_discounted_cumulative_gain_at_25"] > 0.5
    with asked(job) as ask:
        status, answer = ask({"userId": "u0", "history": ["i3", "i2", "i1"], "numResults": 3})
        assert status == 200
        assert answer["itemList"][0]["itemId"] == "i4"


def test_a_training_that_was_cut_off_measures_no_second_time(job):
    assert job.train(recipe="aws-sims").returncode == 0
    measured = job.ml / "checkpoints" / "measured.json"
    kept = json.loads(measured.read_text())
    measured.write_text(json.dumps({**kept, "metrics": {**kept["metrics"], "coverage": 0.123}}))

    again, other = job.train(recipe="aws-sims"), job.train(recipe="aws-popularity-count")

    assert "coverage=0.123000;" in again.stdout
    assert "coverage=0.123000;" not in other.stdout


@pytest.mark.parametrize(
    ("hyperparameters", "said"),
    [
        ({"recipe": "aws-nothing"}, "which cannot be trained"),
        ({"recipe": "aws-next-best-action"}, "which cannot be trained"),
        ({"recipe": "aws-sims", "colour": "red"}, "has no hyper-parameter colour"),
        ({"recipe": "aws-hrnn", "hidden_dimension": "7"}, "from 32 to 256"),
    ],
)
def test_a_job_that_cannot_be_done_says_why_where_sagemaker_looks(job, hyperparameters, said):
    done = job.train(**hyperparameters)

    assert done.returncode == 1
    assert said in job.failure()
    assert not (job.ml / "model" / "recipe.json").exists()


def test_a_channel_that_does_not_follow_the_schema_is_reported_with_its_line(job):
    (file,) = job.ml.rglob("*.csv")
    file.write_text(file.read_text() + "u1,i1,yesterday,View,,,,,\n")

    assert job.train(recipe="aws-sims").returncode == 1
    assert f"part-00000.csv, line {USERS * CLICKS + 2}" in job.failure()


def test_fewer_interactions_than_the_documented_minimum_are_refused(job):
    (file,) = job.ml.rglob("*.csv")
    file.write_text("\n".join(file.read_text().splitlines()[:500]) + "\n")

    assert job.train(recipe="aws-sims").returncode == 1
    assert "at least 1000 are needed" in job.failure()


def test_a_network_is_trained_with_checkpoints_where_pytorch_is(job):
    done = job.train(recipe="rivulet-lightgcn", epochs="1", hidden_dimension="8", batch_size="256", negatives="16")

    if done.returncode and "PyTorch" in job.failure():
        assert "RIVULET_NETWORKS_PYTHON" in job.failure()  # it says what to set
        return
    assert done.returncode == 0, done.stderr
    assert job.described()["recipe"] == "rivulet-lightgcn"
    assert list((job.ml / "checkpoints" / "network").iterdir())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "a JSON object"),
        ({"userId": "u0", "colour": "red"}, "with some of"),
        ({"history": ["i1"]}, "userId is missing"),
        ({"userId": "u0", "history": "i1"}, "history must be a list"),
        ({"userId": "u0", "numResults": 0}, "from 1 to 500"),
    ],
)
def test_a_bad_question_is_answered_with_what_is_wrong(trained, body, said):
    with asked(trained) as ask:
        status, answer = ask(body)

    assert status == 400
    assert said in answer["message"]


def test_only_items_of_the_list_are_ranked(job):
    assert job.train(recipe="aws-personalized-ranking-v2").returncode == 0

    with asked(job) as ask:
        given = ["i7", "i4", "i1"]
        _, answer = ask({"userId": "u0", "history": ["i3", "i2"], "inputList": given})

    assert sorted(item["itemId"] for item in answer["itemList"]) == sorted(given)


@contextmanager
def asked(job: Job):
    """Serve the model of a job, and give what asks it."""
    server = make_server(load(job.ml / "model"), "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    assert urllib3.request("GET", f"{url}/ping").status == 200

    def ask(body: Any) -> tuple[int, Any]:
        answer = urllib3.request("POST", f"{url}/invocations", json=body)
        return answer.status, answer.json()

    yield ask
    server.shutdown()
    server.server_close()
