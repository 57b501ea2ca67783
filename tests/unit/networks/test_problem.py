"""What a network is trained on, and what is held out of it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from model.datasets.interactions import from_rows
from model.networks.errors import InvalidSettingError
from model.networks.problem import Problem, hold_out, problem_of, read_problem, write_problem
from model.networks.settings import LightGCNSettings, NeuMFSettings, batch_size_for
from model.networks.training.fold_in import choose, decayed_sums, fit_linear_map
from model.networks.training.negative_sampling import NegativeSampler
from model.networks.training.validation import mean_ndcg
from model.registry.recipes import RECIPES
from tests.factories.networks import ITEMS, shelves


def test_a_pair_counts_once_where_and_as_it_happened_last():
    known = from_rows([("u", "a", 1), ("u", "b", 2), ("u", "a", 3), ("v", "b", 4)])

    found = problem_of(known)

    assert found.users.tolist() == [0, 0, 1]
    assert found.items.tolist() == [1, 0, 1]
    assert found.times.tolist() == [2, 3, 4]


def test_the_newest_item_of_some_users_is_held_out():
    problem = shelves(user_count=60)

    held = hold_out(problem, seed=1)

    starts = problem.starts()
    assert held.users.size == 18
    assert held.items.tolist() == problem.items[starts[held.users + 1] - 1].tolist()
    assert len(held.train) == len(problem) - 18
    assert not np.isin(held.users.astype(np.int64) * ITEMS + held.items, held.train.keys).any()


def test_a_random_item_is_held_out_where_times_are_equal():
    problem = shelves(user_count=600)
    timeless = Problem(problem.users, problem.items, problem.times * 0, problem.ratings, 600, ITEMS)

    held = hold_out(timeless, seed=1)

    last = problem.items[problem.starts()[held.users + 1] - 1]
    assert 0.1 < np.mean(held.items == last) < 0.6


def test_nothing_is_held_out_of_users_with_two_items():
    assert hold_out(shelves(items_per_user=2), seed=1).users.size == 0


def test_a_problem_comes_back_from_disk(tmp_path):
    problem = shelves()

    write_problem(problem, tmp_path / "problem.npz")
    found = read_problem(tmp_path / "problem.npz")

    assert (found.user_count, found.item_count) == (60, ITEMS)
    for name in ("users", "items", "times", "ratings"):
        assert np.array_equal(getattr(found, name), getattr(problem, name))


def test_negatives_are_items_without_an_interaction_of_the_user():
    problem = shelves()
    users = np.repeat(np.arange(60, dtype=np.int32), 50)

    normal_tensor = NegativeSampler(problem).draw(users, np.random.default_rng(1))

    assert not np.isin(users.astype(np.int64) * ITEMS + normal_tensor, problem.keys).any()
    assert set(normal_tensor.tolist()) == set(range(ITEMS))


def test_sampling_ends_for_a_user_who_interacted_with_all_items():
    places, ones = np.arange(3, dtype=np.int32), np.ones(3, np.float32)
    everything = Problem(places * 0, places, places.astype(np.int64), ones, 1, 3)

    assert NegativeSampler(everything).draw(np.zeros(9, np.int32), np.random.default_rng(1)).size == 9


def test_the_metric_is_one_for_a_perfect_scorer_and_halves_ties():
    held = hold_out(shelves(), seed=1)

    def perfect(places):
        scores = np.zeros((places.size, ITEMS), np.float32)
        scores[np.arange(places.size), held.items[places]] = 1
        return scores

    def alike(places):
        return np.zeros((places.size, ITEMS), np.float32)

    assert mean_ndcg(held, perfect) == 1
    # Ten items are ranked, without two of the history: the held-out one is in the middle.
    assert mean_ndcg(held, alike) == pytest.approx(1 / np.log2(1 + 5.5))


def test_fold_in_finds_the_map_and_the_decay_by_which_users_are_made():
    problem = shelves(user_count=300)
    held = hold_out(problem, seed=1)
    random = np.random.default_rng(4)
    features = random.standard_normal((ITEMS, 5)).astype(np.float32)
    truth = random.standard_normal((5, 3)).astype(np.float32)

    found = fit_linear_map(decayed_sums(held.train, features, 1.0), decayed_sums(held.train, features @ truth, 1.0))

    assert np.allclose(found, truth, atol=0.02)
    of_shelves = np.eye(3, dtype=np.float32)[np.arange(ITEMS) % 3]
    chosen = choose(held, (features, of_shelves), lambda users: users[:, :3] @ of_shelves.T)
    assert chosen.messages is of_shelves
    assert chosen.metric > 0.6


def test_a_decay_weighs_the_newest_item_in_full():
    one = Problem(np.zeros(2, np.int32), np.array([0, 1], np.int32), np.arange(2), np.ones(2, np.float32), 1, 2)

    found = decayed_sums(one, np.eye(2, dtype=np.float32), 0.5)

    assert found[0].tolist() == pytest.approx([0.5 / 1.5**0.5, 1 / 1.5**0.5])


@pytest.mark.parametrize(
    ("kind", "stated", "said"),
    [
        (NeuMFSettings, {"factor": "3"}, "unknown hyper-parameter factor; known are batch_size"),
        (NeuMFSettings, {"feedback": "loud"}, "feedback is 'loud'; it must be implicit or explicit"),
        (NeuMFSettings, {"pretrain": "1"}, "pretrain is '1'; it must be true or false"),
        (NeuMFSettings, {"factors": "2.5"}, "factors is '2.5'; it must be a whole number"),
        (LightGCNSettings, {"learning_rate": "fast"}, "learning_rate is 'fast'; it must be a number"),
        (LightGCNSettings, {"learning_rate": "nan"}, "learning_rate is nan; it must be above 0"),
        (LightGCNSettings, {"batch_size": "0"}, "batch_size is 0; it must be above 0"),
    ],
)
def test_a_wrong_hyper_parameter_is_refused_with_what_would_be_right(kind, stated, said):
    with pytest.raises(InvalidSettingError, match=said):
        kind.of(stated)


def test_hyper_parameters_are_read_from_texts():
    found = LightGCNSettings.of({"epochs": "7.0", "loss": "BPR", "learning_rate": "1e-2"})

    assert (found.epochs, found.loss, found.learning_rate) == (7, "bpr", 0.01)
    assert found.start == "spectral"


def test_small_data_are_dealt_out_in_more_batches():
    assert batch_size_for(1_000_000, 8192) == 8192
    assert batch_size_for(32_000, 8192) == 1000
    assert batch_size_for(10, 8192) == 64


@pytest.mark.parametrize(("name", "kind"), [("rivulet-neumf", NeuMFSettings), ("rivulet-lightgcn", LightGCNSettings)])
def test_the_recipe_has_the_defaults_of_the_network(name, kind):
    assert kind.of(RECIPES[name].defaults) == kind()
    assert set(RECIPES[name].parameters) == {field.name for field in fields(kind)}
