"""Rivulet's own recipes: a graph filter, and networks that are trained with PyTorch and served without it."""

from __future__ import annotations

from model.networks.serving.lightgcn import LightGCNRecipe
from model.networks.serving.neumf import NeuMFRecipe
from model.recipes.graph_filter.graph_filter import GraphFilter
from model.recipes.graph_filter.settings import FilterSettings
from model.registry.named_recipe import RANKING_METRICS, NamedRecipe, Parameter

USER = ("userId",)
FILTER = FilterSettings()
LIMIT = 2**31 - 1
TRAINING = {
    "epochs": Parameter("20", 0, 10_000, integer=True),
    "patience": Parameter("5", 1, 10_000, integer=True),
    "batch_size": Parameter("4096", 1, 1_000_000, integer=True),
    "learning_rate": Parameter("0.002", 1e-6, 1.0),
    "regularization": Parameter("0.0", 0.0, 1.0),
    "seed": Parameter("20261121", 0, LIMIT, integer=True),
}

OWN_RECIPES = (
    NamedRecipe(
        "rivulet-graph-filter",
        "USER_PERSONALIZATION",
        GraphFilter,
        "Items for a user, by a graph filter over the interactions of all users",
        parameters={
            "person_power": Parameter(str(FILTER.person_power), 0, 1, tunable=True),
            "item_power": Parameter(str(FILTER.item_power), 0, 1, tunable=True),
            "directions": Parameter(str(FILTER.directions), 1, 2048, integer=True),
            "sharpened_for": Parameter(str(FILTER.sharpened_for), 0, 3, tunable=True),
            "ideal_weight": Parameter(str(FILTER.ideal_weight), 0, 1, tunable=True),
        },
        needs=USER,
        metrics=RANKING_METRICS,
        reasons=True,
    ),
    NamedRecipe(
        "rivulet-neumf",
        "USER_PERSONALIZATION",
        NeuMFRecipe,
        "Items for a user, by NeuMF: matrix factorisation and a multilayer perceptron",
        parameters={
            "feedback": Parameter("implicit", choices=("implicit", "explicit")),
            "factors": Parameter("32", 1, 256, integer=True),
            "negatives": Parameter("4", 1, 100, integer=True),
            "pretrain": Parameter("false", choices=("true", "false")),
            **TRAINING,
        },
        needs=USER,
        metrics=RANKING_METRICS,
        scores=True,
        reasons=True,
    ),
    NamedRecipe(
        "rivulet-lightgcn",
        "USER_PERSONALIZATION",
        LightGCNRecipe,
        "Items for a user, by LightGCN: embeddings propagated along the graph of interactions",
        parameters={
            **TRAINING,
            "hidden_dimension": Parameter("768", 1, 1024, integer=True),
            "layers": Parameter("3", 0, 8, integer=True),
            "loss": Parameter("sampled_softmax", choices=("bpr", "sampled_softmax")),
            "start": Parameter("spectral", choices=("random", "spectral")),
            "patience": Parameter("1", 1, 10_000, integer=True),
            "batch_size": Parameter("16384", 1, 1_000_000, integer=True),
            "learning_rate": Parameter("0.001", 1e-6, 1.0),
            "negatives": Parameter("2048", 1, 100_000, integer=True),
            "regularization": Parameter("0.0001", 0.0, 1.0),
        },
        needs=USER,
        metrics=RANKING_METRICS,
        scores=True,
        reasons=True,
    ),
)
