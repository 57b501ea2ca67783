"""The networks learn, stop in time, and go on where they were cut off. Runs where PyTorch is (`make networks`)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.networks.errors import (
    CheckpointMismatchError,
    InvalidSettingError,
    TrainingDivergedError,
    UnlearnableDataError,
)
from model.networks.problem import Problem, hold_out
from model.networks.serving.lightgcn import LightGCNRecipe
from model.networks.serving.neumf import NeuMFRecipe
from model.networks.settings import LightGCNSettings, NeuMFSettings
from model.networks.training.graph import normalised_interactions
from model.networks.training.lightgcn import LightGCN
from model.networks.training.loop import train
from model.networks.training.progress import SilentReporter
from model.networks.training.train import train_network
from model.recipes.recipe import Query
from tests.factories.networks import shelves
from tests.factories.training_data import shop_data

# NDCG@20 where the held-out item is one of ten, in no order; and where it is one of the two that are left on its shelf.
CHANCE, BEST = 0.45, 0.81
REFERENCE = {"loss": "bpr", "start": "random", "hidden_dimension": "16", "negatives": "1", "learning_rate": "0.01"}
TRAININGS = {
    "lightgcn": {"hidden_dimension": "16", "epochs": "3", "learning_rate": "0.01", "patience": "3"},
    "lightgcn by the paper": {**REFERENCE, "epochs": "15", "patience": "15"},
    "neumf": {"factors": "8", "epochs": "15", "learning_rate": "0.01", "patience": "15"},
    "neumf pre-trained": {"factors": "8", "epochs": "8", "learning_rate": "0.01", "pretrain": "true", "patience": "8"},
}


class RecordingReporter(SilentReporter):
    """Records the progress."""

    def __init__(self, stops_after=None):
        self.epochs = []
        self.batches = 0
        self._stops_after = stops_after

    def batch(self, loss):
        assert np.isfinite(loss)
        self.batches += 1

    def end(self, name, epoch, loss, metric, value, seconds):
        self.epochs.append((name, epoch, metric, value))
        if (name, epoch) == self._stops_after:
            raise KeyboardInterrupt


def learnt(training, problem=None, reporter=None, folder=None, **more):
    network = training.split()[0]
    return train_network(
        network,
        shelves(200) if problem is None else problem,
        {**TRAININGS[training], **more},
        reporter or SilentReporter(),
        folder,
    )


@pytest.mark.parametrize("training", TRAININGS)
def test_a_network_learns_who_stays_on_which_shelf(training):
    found = learnt(training)

    assert found.report["best"] > 0.9 * BEST > 1.5 * CHANCE
    # Users who are made of their items are known as well as those who were trained on.
    assert found.report["fold_in"] > 0.9 * BEST
    assert all(np.isfinite(array).all() for array in found.arrays.values())


@pytest.mark.parametrize("training", TRAININGS)
def test_the_same_seed_gives_the_same_model_and_another_seed_another(training):
    first, again, other = learnt(training), learnt(training), learnt(training, seed="5")

    assert all(np.array_equal(first.arrays[name], again.arrays[name]) for name in first.arrays)
    assert not all(np.array_equal(first.arrays[name], other.arrays[name]) for name in first.arrays)


@pytest.mark.parametrize("training", TRAININGS)
def test_a_training_that_was_cut_off_ends_as_if_it_had_not_been(training, tmp_path):
    whole = learnt(training)
    with pytest.raises(KeyboardInterrupt):
        learnt(training, reporter=RecordingReporter((training.split()[0], 2)), folder=tmp_path)
    reporter = RecordingReporter()

    resumed = learnt(training, reporter=reporter, folder=tmp_path)

    assert all(np.array_equal(whole.arrays[name], resumed.arrays[name]) for name in whole.arrays)
    # The epoch that was cut off before its checkpoint was learnt again; the one before was not.
    assert next(epoch for name, epoch, *_ in reporter.epochs if name == training.split()[0]) == 2


def test_a_checkpoint_of_other_data_or_settings_is_refused(tmp_path):
    learnt("lightgcn", folder=tmp_path)

    with pytest.raises(CheckpointMismatchError, match="remove it, or name another folder"):
        learnt("lightgcn", folder=tmp_path, layers="2")
    with pytest.raises(CheckpointMismatchError):
        learnt("lightgcn", folder=tmp_path, problem=shelves(201))


def test_more_epochs_go_on_from_the_last_checkpoint(tmp_path):
    learnt("neumf", folder=tmp_path, epochs="2")
    reporter = RecordingReporter()

    learnt("neumf", folder=tmp_path, epochs="4", reporter=reporter)

    assert [epoch for _, epoch, *_ in reporter.epochs] == [3, 4]


def test_training_stops_when_the_metric_gets_no_better_and_keeps_the_best_epoch():
    reporter = RecordingReporter()

    report = learnt("neumf", reporter=reporter, patience="2", epochs="200").report

    values = [value for *_, value in reporter.epochs]
    assert len(values) < 200
    assert report["best_epoch"] == int(np.argmax(values)) == len(values) - 3
    assert report["best"] == max(values)


class Scripted:
    """A network with one parameter, the epoch, and metrics from a list."""

    batch_count = 1

    def __init__(self, values, metric="ndcg@20"):
        self.metric = metric
        self.parameters = {"epoch": torch.zeros(1)}
        self.optimiser = torch.optim.SGD(list(self.parameters.values()))
        self._values = values

    def batches(self, random):
        yield None

    def step(self, batch):
        self.parameters["epoch"] += 1
        return 1.0

    def validate(self):
        return self._values[int(self.parameters["epoch"])]


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("ndcg@20", [0.5, 0.4, 0.3, 0.9], 0),
        ("ndcg@20", [0.1, 0.2, 0.1, 0.3, 0.3, 0.2], 3),
        ("rmse", [0.9, 0.7, 0.8, 0.8], 1),
        ("ndcg@20", [float("nan")] * 7, 6),
    ],
)
def test_the_model_is_that_of_the_best_epoch(metric, values, best):
    network = Scripted(values, metric)

    progress = train(network, NeuMFSettings(epochs=6, patience=2), "scripted", SilentReporter())

    assert progress.best_epoch == best
    assert float(network.parameters["epoch"]) == best


def test_every_epoch_reports_its_loss_and_metric_and_every_batch_its_loss():
    reporter = RecordingReporter()

    found = learnt("lightgcn", reporter=reporter, patience="3")

    assert [epoch[:3] for epoch in reporter.epochs] == [("lightgcn", epoch, "ndcg@20") for epoch in range(4)]
    assert reporter.batches == 3 * -(-540 // 64)
    assert [epoch["epoch"] for epoch in found.report["epochs"]] == [0, 1, 2, 3]
    assert found.report["device"] in {"cpu", "cuda"}


def test_ratings_are_guessed_better_than_by_their_mean():
    problem = shelves(200)
    held = hold_out(problem, 20261121)
    by_mean = float(np.sqrt(np.mean((held.ratings - held.train.ratings.mean()) ** 2)))

    report = learnt("neumf", problem, feedback="explicit").report

    assert report["metric"] == "rmse"
    assert report["best"] < 0.3 * by_mean


def test_all_ratings_alike_are_refused():
    problem = shelves()
    alike = replace(problem, ratings=np.full(len(problem), 4, np.float32))

    with pytest.raises(UnlearnableDataError, match="every interaction has the value 4"):
        learnt("neumf", alike, feedback="explicit")


def test_a_loss_that_leaves_the_finite_numbers_ends_the_training():
    with pytest.raises(TrainingDivergedError, match="a lower learning_rate than"):
        learnt("neumf", shelves(), feedback="explicit", learning_rate="1e30")


@pytest.mark.parametrize("name", ["lightgcn", "neumf"])
def test_little_is_learnt_from_or_refused(name):
    def problem(users, items):
        users, items = np.array(users, np.int32), np.array(items, np.int32)
        counts = int(users.max(initial=-1)) + 1, int(items.max(initial=-1)) + 1
        return Problem(users, items, np.arange(users.size), np.ones(users.size, np.float32), *counts)

    for case in (problem([0, 0], [0, 1]), problem([0, 1], [0, 1])):
        found = learnt(name, case, epochs="2")
        assert all(np.isfinite(array).all() for array in found.arrays.values())
        assert found.report["best"] is None
    for case in (problem([], []), problem([0, 1], [0, 0])):
        with pytest.raises(UnlearnableDataError, match="at least two items"):
            learnt(name, case)


def test_an_unknown_network_and_an_unknown_setting_are_refused():
    with pytest.raises(InvalidSettingError, match="known are neumf and lightgcn"):
        train_network("transformer", shelves(), {}, SilentReporter())
    with pytest.raises(InvalidSettingError, match="unknown hyper-parameter depth"):
        train_network("lightgcn", shelves(), {"depth": "3"}, SilentReporter())


@pytest.mark.parametrize(("recipe", "stated"), [(LightGCNRecipe, "lightgcn"), (NeuMFRecipe, "neumf")])
def test_a_trained_recipe_finds_what_lies_on_the_shelf_of_a_history(recipe, stated):
    data = replace(shop_data(300), parameters=TRAININGS[stated])

    trained = recipe.fit(data, {})
    answer = trained.recommend(Query(history=["item-3-0", "item-3-1", "item-3-2"]), 5)

    assert sum(entry.item_id.startswith("item-3-") for entry in answer) >= 4


def test_propagation_of_the_exported_messages_is_that_of_the_network():
    """The items' messages plus a share of the user's own embedding are the user's mean over the layers."""
    held = hold_out(shelves(), 1)
    network = LightGCN(held, LightGCNSettings(hidden_dimension=8))
    users, _ = network.vectors()
    own = network.parameters["own"].numpy()[: held.train.user_count]
    degrees = np.diff(normalised_interactions(held.train).indptr)
    passed = np.zeros_like(users)
    np.add.at(passed, held.train.users, network.messages()[held.train.items])

    assert np.allclose(own / 4 + passed / np.sqrt(degrees)[:, None], users, atol=1e-4)


def test_joined_halves_know_at_once_what_each_has_learnt():
    epochs = learnt("neumf pre-trained").report["epochs"]

    assert epochs[0]["metric"] > 0.9 * BEST
    assert learnt("neumf").report["epochs"][0]["metric"] < 0.8 * BEST
