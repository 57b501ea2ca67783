"""`GET /models` lists what the engine's control plane has."""

from __future__ import annotations

import time
from typing import Any

from backend.aws.deadline import Deadline
from backend.recommend.system.models import Models


def read_models(control: Any, group: str, campaigns: dict[str, str]) -> list[dict[str, Any]]:
    return Models(control, group, tuple(campaigns.values()), time.monotonic).read(Deadline.after(30))


def test_the_models_of_a_trained_shop_serve_with_their_metrics(trained_shop):
    models = read_models(trained_shop.control, trained_shop.group, trained_shop.campaigns)

    assert {model["campaign"]: model["recipe"] for model in models if model["serves"]} == {
        "for-you": "aws-user-personalization-v2",
        "similar": "aws-similar-items",
        "popular": "aws-popularity-count",
        "ranking": "aws-personalized-ranking-v2",
    }
    assert all(model["status"] == "ACTIVE" and model["metrics"] for model in models)


def test_before_the_first_training_there_are_none(trained_shop, new_shop):
    assert read_models(new_shop.control, new_shop.group, {}) == []
    missing = {"popular": f"{trained_shop.campaigns['popular']}-not"}
    assert read_models(trained_shop.control, f"{trained_shop.group}-not", missing) == []
