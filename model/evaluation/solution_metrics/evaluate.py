"""The metrics of GetSolutionMetrics: how well a recipe predicts the next interactions of held-out users.

As documented (developer guide, "Evaluating a solution version"): a tenth of the users is held out of training; the
oldest nine tenths of each user's events are the question, and the latest tenth is to be predicted. Hits are what lists
show: items that are new to the user, unless the solution asks for repeats.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from model.evaluation.solution_metrics.actions import evaluate_actions
from model.evaluation.solution_metrics.segments import evaluate_segments
from model.evaluation.solution_metrics.standard_errors import noise_of, popular_items, slices_of
from model.evaluation.solution_metrics.trend import trend_prediction_accuracy
from model.recipes.item_to_item.semantic_similarity import SemanticSimilarity
from model.recipes.objective import numbers_of
from model.recipes.personalization.personalized_ranking import PersonalizedRanking
from model.recipes.popularity.trending import Trending
from model.recipes.recipe import Query, Recipe, wants_repeats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from model.datasets.catalogue import Catalogue
    from model.datasets.interactions import Interactions
    from model.datasets.training_data import TrainingData
    from model.registry.named_recipe import NamedRecipe

TEST_USERS_SHARE = 0.1
MOST_TEST_USERS = 1000
MOST_TEST_ITEMS = 500
DEPTH = 25
CUTS = (5, 10, 25)
SEED = 20261121
GAIN, PRECISION = "normalized_discounted_cumulative_gain", "precision"
RECIPROCAL_RANK = "mean_reciprocal_rank_at_25"
WEIGHTED_GAIN = "normalized_discounted_cumulative_gain_with_event_weights"
REWARDS = "average_rewards"
# Whether items that a user had interacted with count as hits, 1 or 0; other values are of other questions.
REPEATS_COUNT = "repeats_count"
# The metrics that the judge compares, so they have standard errors (see `standard_errors`).
JUDGED_BY = (f"{GAIN}_at_{DEPTH}", RECIPROCAL_RANK, f"{PRECISION}_at_{DEPTH}")


@dataclass(frozen=True)
class Question:
    """What a user of the hold-out did, and what they did next.

    Attributes
    ----------
    history : list of str
        Newest first.
    wanted : dict of float
        The items to find, with the highest weight of their events.
    context : dict of str
        Circumstances of the first event to be found.
    """

    history: list[str]
    wanted: dict[str, float]
    features: tuple[str, ...] = ()
    context: dict[str, str] = field(default_factory=dict)


def split_users(interactions: Interactions, users: Catalogue | None = None) -> tuple[Interactions, list[Question]]:
    """Return the interactions of nine tenths of the users, and questions about the others."""
    count = len(interactions.user_ids)
    random = np.random.default_rng(SEED)
    tested = random.permutation(count)[: max(1, round(count * TEST_USERS_SHARE))]
    features_of = dict(zip(users.item_ids, users.features, strict=True)) if users else {}
    starts = interactions.starts()
    questions: list[Question] = []
    for user in sorted(tested.tolist()):
        begin, end = int(starts[user]), int(starts[user + 1])
        newest = end - max(1, (end - begin) // 10)
        if newest > begin and len(questions) < MOST_TEST_USERS:
            features = features_of.get(interactions.user_ids[user], ())
            questions.append(_question(interactions, begin, newest, end, features))
    return interactions.where(~np.isin(interactions.users, tested)), questions


def ask_for_new_items(questions: list[Question]) -> list[Question]:
    """Return questions whose wanted items are new to the user, without those that want no such item."""
    new = []
    for question in questions:
        seen = set(question.history)
        wanted = {item: weight for item, weight in question.wanted.items() if item not in seen}
        if wanted:
            new.append(replace(question, wanted=wanted))
    return new


def measure(
    recipe: Recipe, questions: list[Question], catalogue_size: int, popular: frozenset[str] = frozenset()
) -> dict[str, float]:
    """Ask a recipe the questions and return the documented metrics.

    Parameters
    ----------
    popular : frozenset of str
        Items that are not of the tail.

    Returns
    -------
    dict
        coverage, mean_reciprocal_rank_at_25, normalized_discounted_cumulative_gain_at_K (and _with_event_weights) and
        precision_at_K; standard errors and slices of those by which versions are judged.
    """
    found = {name: np.zeros(len(questions)) for name in _names()}
    shown: set[str] = set()
    for place, question in enumerate(questions):
        answer = _asked(recipe, question)
        shown.update(answer)
        weights = np.array([question.wanted.get(item, 0.0) for item in answer] + [0.0] * (DEPTH - len(answer)))
        hits = weights > 0
        if hits.any():
            found[RECIPROCAL_RANK][place] = 1 / (int(hits.argmax()) + 1)
        best = np.sort(list(question.wanted.values()))[::-1]
        for cut in CUTS:
            found[f"{PRECISION}_at_{cut}"][place] = float(hits[:cut].sum()) / cut
            found[f"{GAIN}_at_{cut}"][place] = _gain(hits.astype(float), np.ones(best.size), cut)
            found[f"{WEIGHTED_GAIN}_at_{cut}"][place] = _gain(weights, best, cut)
    metrics = {name: float(values.sum()) / max(1, len(questions)) for name, values in found.items()}
    metrics["coverage"] = len(shown) / max(1, catalogue_size)
    slices = slices_of([len(each.history) for each in questions], [each.wanted for each in questions], popular)
    noise = noise_of({name: found[name] for name in JUDGED_BY}, JUDGED_BY[0], slices)
    return {**{name: round(value, 4) for name, value in sorted(metrics.items())}, **noise}


def evaluate(
    named: NamedRecipe, data: TrainingData, settings: Mapping[str, float] | None = None
) -> tuple[dict[str, float], Mapping[str, float]]:
    """Train on a part of the data and measure on the rest.

    Parameters
    ----------
    data : TrainingData
        As `named.prepare` returned them.
    settings : mapping, optional
        To train with; else they are chosen on the part that is trained on.

    Returns
    -------
    metrics : dict
        Those that the recipe's `metrics` name, and repeats_count; average_rewards_at_K where the solution has an
        objective, and gains with event weights where it weighs event types; and the recipe's `training_facts`.
    settings : mapping
        To train with on all of the data.
    """
    if named.makes_segments:
        return evaluate_segments(named, data, settings)
    if named.recommends_actions:
        return evaluate_actions(named, data, settings)
    algorithm = named.recommender
    if issubclass(algorithm, SemanticSimilarity):
        return _meaning(algorithm.fit(data, {})), {}
    train, questions = split_users(data.interactions, data.users)
    repeats = wants_repeats(data.parameters)
    if not repeats:
        questions = ask_for_new_items(questions)
    if not len(train) or not questions:
        return dict.fromkeys(named.metrics, 0.0), algorithm.tune(data) if settings is None else settings
    partial = replace(data, interactions=train)
    chosen = algorithm.tune(partial) if settings is None else settings
    recipe = algorithm.fit(partial, chosen)
    metrics = measure(recipe, questions, len(recipe.item_ids), popular_items(train))
    if not (data.solution.get("eventsConfig") or {}).get("eventParametersList"):
        metrics = {name: value for name, value in metrics.items() if not name.startswith(WEIGHTED_GAIN)}
    if issubclass(algorithm, Trending):
        metrics["trend_prediction_accuracy"] = trend_prediction_accuracy(data)
    facts = {**recipe.training_facts(), REPEATS_COUNT: float(repeats)}
    return {**metrics, **facts, **_rewards(recipe, questions, data)}, chosen


def _question(known: Interactions, begin: int, newest: int, end: int, features: tuple[str, ...]) -> Question:
    history = [known.item_ids[item] for item in known.items[begin:newest][::-1].tolist()]
    wanted: dict[str, float] = {}
    for place in range(newest, end):
        item = known.item_ids[int(known.items[place])]
        wanted[item] = max(wanted.get(item, 0.0), float(known.weights[place]))
    codes = {name: int(column.codes[newest]) for name, column in known.context.items()}
    context = {name: known.context[name].values[code] for name, code in codes.items() if code >= 0}
    return Question(history, wanted, features, context)


def _asked(recipe: Recipe, question: Question) -> list[str]:
    query = Query(
        history=question.history,
        item_id=question.history[0],
        user_features=question.features,
        context=question.context,
    )
    if isinstance(recipe, PersonalizedRanking) and not recipe.shows_repeats(query):
        # It keeps what a given list holds: here, the items that are new to the user.
        allowed = np.ones(len(recipe.item_ids), np.bool_)
        allowed[recipe.seen_positions(query)] = False
        query = replace(query, allowed=allowed)
    return [entry.item_id for entry in recipe.recommend(query, DEPTH)]


def _names() -> list[str]:
    return [*(f"{kind}_at_{cut}" for kind in (GAIN, PRECISION, WEIGHTED_GAIN) for cut in CUTS), RECIPROCAL_RANK]


def _gain(found: NDArray[np.float64], wanted: NDArray[np.float64], cut: int) -> float:
    """Return the discounted gain of a list over that of the best one; `wanted` holds the highest gains first."""
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    best = wanted[:cut]
    return float((discounts * found[:cut]).sum() / max(1e-9, float((discounts[: best.size] * best).sum())))


def _rewards(recipe: Recipe, questions: list[Question], data: TrainingData) -> dict[str, float]:
    """Return how much of the objective's sum over the recommended items was in items that users chose."""
    objective = data.solution.get("optimizationObjective") or {}
    values = numbers_of(str(objective.get("itemAttribute") or ""), recipe.item_ids, data.catalogue)
    if values is None:
        return {}
    worth = dict(zip(recipe.item_ids, np.nan_to_num(values).tolist(), strict=True))
    gained, possible = dict.fromkeys(CUTS, 0.0), dict.fromkeys(CUTS, 0.0)
    for question in questions:
        answer = _asked(recipe, question)
        for cut in CUTS:
            gained[cut] += sum(worth[item] for item in answer[:cut] if item in question.wanted)
            possible[cut] += sum(worth[item] for item in answer[:cut])
    return {f"{REWARDS}_at_{cut}": round(gained[cut] / possible[cut], 4) if possible[cut] else 0.0 for cut in CUTS}


def _meaning(recipe: SemanticSimilarity) -> dict[str, float]:
    """Return what lists of similar items are like, on average: there is nothing that users did to compare with."""
    random = np.random.default_rng(SEED)
    asked = random.permutation(len(recipe.item_ids))[:MOST_TEST_ITEMS]
    totals, shown = np.zeros(3), set[str]()
    for place in asked.tolist():
        item = recipe.item_ids[place]
        answer = [entry.item_id for entry in recipe.recommend(Query(item_id=item), DEPTH)]
        shown.update(answer)
        if answer:
            parts = (recipe.similarities(item, answer), *recipe.popularity_and_freshness(answer))
            totals += [sum(part) / len(answer) for part in parts]
    means = (totals / max(1, asked.size)).round(4).tolist()
    coverage = round(len(shown) / max(1, len(recipe.item_ids)), 4)
    return {"coverage": coverage, **dict(zip(("similarity", "popularity", "freshness"), means, strict=True))}
