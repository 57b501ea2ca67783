"""GetSolutionMetrics: how well a recipe finds what people whom it was not trained on did next.

As documented (developer guide, "Evaluating a solution version"): a tenth of the users is kept out of training; the
oldest nine tenths of each one's events are the question, and the newest tenth is what should be found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.recipes.recipe import Query, Recipe, TrainingData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.recipes.interactions import Interactions
    from model.recipes.named_recipe import NamedRecipe

TEST_USERS_SHARE = 0.1
MOST_TEST_USERS = 1000
DEPTH = 25
CUTS = (5, 10, 25)
SEED = 20261121


def split_users(interactions: Interactions) -> tuple[Interactions, list[tuple[list[str], list[str]]]]:
    """Keep a tenth of the users out.

    Parameters
    ----------
    interactions : Interactions

    Returns
    -------
    train : Interactions
        Those of the other users.
    questions : list of (history newest first, items to find)
    """
    count = len(interactions.user_ids)
    random = np.random.default_rng(SEED)
    tested = random.permutation(count)[: max(1, round(count * TEST_USERS_SHARE))]
    starts = interactions.starts()
    questions: list[tuple[list[str], list[str]]] = []
    for user in sorted(tested.tolist()):
        items = [interactions.item_ids[item] for item in interactions.items[starts[user] : starts[user + 1]].tolist()]
        newest = max(1, len(items) // 10)
        if len(items) > newest and len(questions) < MOST_TEST_USERS:
            questions.append((items[:-newest][::-1], items[-newest:]))
    train = interactions.where(~np.isin(interactions.users, tested))
    return train, questions


def measure(recipe: Recipe, questions: list[tuple[list[str], list[str]]], catalogue_size: int) -> dict[str, float]:
    """Ask a recipe the questions and return the documented metrics.

    Parameters
    ----------
    recipe : Recipe
    questions : list of (history newest first, items to find)
    catalogue_size : int
        Items that could be recommended.

    Returns
    -------
    dict
        coverage, mean_reciprocal_rank_at_25, normalized_discounted_cumulative_gain_at_K and precision_at_K.
    """
    totals = dict.fromkeys(_names(), 0.0)
    shown: set[str] = set()
    for history, wanted in questions:
        query = Query(history=history, item_id=history[0])
        answer = [one.item_id for one in recipe.recommend(query, DEPTH)]
        shown.update(answer)
        hits = np.isin(answer, wanted)
        if hits.any():
            totals["mean_reciprocal_rank_at_25"] += 1 / (int(hits.argmax()) + 1)
        for cut in CUTS:
            totals[f"precision_at_{cut}"] += float(hits[:cut].sum()) / cut
            totals[f"normalized_discounted_cumulative_gain_at_{cut}"] += _gain(hits[:cut], len(set(wanted)), cut)
    asked = max(1, len(questions))
    metrics = {name: total / asked for name, total in totals.items()}
    metrics["coverage"] = len(shown) / max(1, catalogue_size)
    return {name: round(value, 4) for name, value in sorted(metrics.items())}


def evaluate(named: NamedRecipe, data: TrainingData) -> tuple[dict[str, float], Mapping[str, float]]:
    """Train on nine tenths of the users and measure on the others.

    Parameters
    ----------
    named : NamedRecipe
    data : TrainingData
        As `named.prepare` returned them.

    Returns
    -------
    metrics : dict
    tuned : mapping
        The settings chosen on the training users, to train with on all of the data.
    """
    algorithm = named.answers
    train, questions = split_users(data.interactions)
    if not len(train) or not questions:
        return dict.fromkeys([*_names(), "coverage"], 0.0), algorithm.tune(data)
    partial = TrainingData(train, data.catalogue, data.parameters)
    tuned = algorithm.tune(partial)
    recipe = algorithm.fit(partial, tuned)
    return measure(recipe, questions, len(data.interactions.item_ids)), tuned


def _names() -> list[str]:
    names = [f"{kind}_at_{cut}" for kind in ("normalized_discounted_cumulative_gain", "precision") for cut in CUTS]
    return [*names, "mean_reciprocal_rank_at_25"]


def _gain(hits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], wanted: int, cut: int) -> float:
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    return float(discounts[: hits.size][hits].sum() / discounts[: min(wanted, cut)].sum())
