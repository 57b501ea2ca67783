"""The command that trains a network, with a stand-in for the training itself, which `make networks` tests."""

from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest

from model.networks import __main__ as command
from model.networks.errors import InterpreterError
from model.networks.serving.lightgcn import LightGCNRecipe
from model.networks.settings import LightGCNSettings, NeuMFSettings
from model.recipes.recipe import Query

ROWS = [("u", "a", 1, "View", 4.5), ("u", "b", 2, "View", 2.0), ("v", "b", 3, "View", 1.0), ("v", "c", 4, "View", "")]


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    lines = [
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,RECOMMENDATION_ID",
        *(",".join(map(str, row)) + ",," for row in ROWS),
    ]
    (folder / "interactions.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def asked(monkeypatch):
    """Replace the training: record the arguments, and return distinct item vectors."""
    found = []

    def learn(name, problem, parameters, folder, *, is_shown):
        found.append((name, problem, parameters, folder, is_shown))
        unit = np.eye(problem.item_count, dtype=np.float32)
        field = np.ones(1, np.float32)
        return {"vectors": unit, "messages": unit, "decay": field, "length": field}, {"best": 0.5}

    monkeypatch.setattr(command, "learn", learn)
    return found


def test_the_model_is_left_in_the_folder_and_the_report_printed(data, asked, tmp_path, capsys):
    out = tmp_path / "model"

    status = command.main(["train", "lightgcn", str(data), "--out", str(out), "--set", "epochs=3"])

    assert status == 0
    assert json.loads(capsys.readouterr().out) == {"best": 0.5}
    assert len(LightGCNRecipe.load(out).recommend(Query(history=["a"]), 5)) == 3
    name, problem, parameters, folder, is_shown = asked[0]
    assert (name, len(problem), parameters, folder, is_shown) == ("lightgcn", 4, {"epochs": "3"}, None, True)


def test_ratings_are_the_values_and_events_without_one_are_left_out(data):
    found = command._read(data, explicit=True)

    assert found.interactions.weights.tolist() == [4.5, 2.0, 1.0]
    assert found.interactions.item_ids == ["a", "b"]


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        (["--set", "depth=3"], "unknown hyper-parameter depth"),
        (["--set", "epochs"], "epochs is ''; it must be a whole number"),
    ],
)
def test_a_wrong_hyper_parameter_is_said_in_one_sentence(data, asked, tmp_path, capsys, stated, said):
    status = command.main(["train", "lightgcn", str(data), "--out", str(tmp_path / "model"), *stated])

    assert status == 2
    assert said in capsys.readouterr().err
    assert asked == []
    assert not (tmp_path / "model").exists()


def test_a_folder_that_holds_something_is_left_alone(data, asked, tmp_path, capsys):
    assert command.main(["train", "lightgcn", str(data), "--out", str(data)]) == 2
    assert "is not empty; name an empty folder" in capsys.readouterr().err


def test_data_that_are_not_there_are_named(asked, tmp_path, capsys):
    assert command.main(["train", "lightgcn", str(tmp_path / "none"), "--out", str(tmp_path / "model")]) == 2
    assert "none does not exist" in capsys.readouterr().err


def test_no_pytorch_is_said_in_one_sentence(data, monkeypatch, tmp_path, capsys):
    def learn(*given, **more):
        raise InterpreterError("this Python has no PyTorch")

    monkeypatch.setattr(command, "learn", learn)

    assert command.main(["train", "lightgcn", str(data), "--out", str(tmp_path / "model")]) == 2
    assert capsys.readouterr().err == "model.networks: this Python has no PyTorch\n"


def test_the_help_names_every_hyper_parameter_with_its_default(capsys):
    with pytest.raises(SystemExit):
        command.main(["train", "--help"])

    said = capsys.readouterr().out
    for settings in (NeuMFSettings, LightGCNSettings):
        for field in fields(settings):
            assert f"{field.name}={str(field.default).lower()}" in said
