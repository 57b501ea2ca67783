"""A checkpoint of an earlier version still opens; see tests/integration/formats/README.md."""

from __future__ import annotations

import numpy as np

from model.datasets.catalogue import Catalogue
from model.datasets.interactions import from_rows
from model.datasets.training_data import TrainingData
from model.networks.problem import problem_of
from model.networks.serving.lightgcn import LightGCNRecipe
from model.networks.training.progress import SilentReporter
from model.networks.training.train import train_network
from tests.integration.formats.data import interactions
from tests.integration.formats.store import extract

SETTINGS = {"epochs": "2", "hidden_dimension": "8", "negatives": "16"}


class Epochs(SilentReporter):
    """Counts the epochs that are trained."""

    count = 0

    def end(self, *_):
        self.count += 1


def test_a_training_ends_at_the_model_of_a_checkpoint_of_an_earlier_version(tmp_path):
    stored = extract("lake", tmp_path)
    known = from_rows(interactions())
    epochs = Epochs()

    trained = train_network("lightgcn", problem_of(known), SETTINGS, epochs, stored / "checkpoint")

    assert epochs.count == 0
    (tmp_path / "today").mkdir()
    data = TrainingData(known, Catalogue([], [], []))
    LightGCNRecipe.from_trained(data, trained.arrays, trained.report).save(tmp_path / "today")
    with np.load(tmp_path / "today/model.npz") as arrays, np.load(stored / "network/model.npz") as earlier:
        assert sorted(arrays.files) == sorted(earlier.files)
        for name in arrays.files:
            np.testing.assert_allclose(arrays[name], earlier[name], rtol=1e-4, atol=1e-6)
