"""Lighthouse's scores of the shop on a laptop's cloud, with products, visitors and a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployment.local.provision import upload_pages
from deployment.package.pages import build_pages
from tests.end_to_end.pipeline import fill
from tests.lighthouse.scores import rate

if TYPE_CHECKING:
    from tests.end_to_end.pipeline import Pipeline
    from tests.lighthouse.scores import Rating

ROOT = Path(__file__).resolve().parents[2]
LEAST = 0.95


@pytest.fixture(scope="module")
def shop_url(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("pages")
    build_pages(ROOT, folder)
    upload_pages(pipeline.cloud, pipeline.made, folder)
    fill(pipeline)
    return pipeline.cloud.shop_url


def test_a_desktop_rates_the_shop_at_95_or_more(shop_url: str, ratings: list[Rating], tmp_path: Path) -> None:
    rating = rate(shop_url, "desktop", tmp_path)
    ratings.append(rating)
    assert {name: score for name, score in rating.scores.items() if score < LEAST} == {}


def test_a_phone_gives_the_same_for_what_does_not_depend_on_its_speed(
    shop_url: str, ratings: list[Rating], tmp_path: Path
) -> None:
    rating = rate(shop_url, "mobile", tmp_path)
    ratings.append(rating)
    assert {name: score for name, score in rating.scores.items() if score < LEAST and name != "performance"} == {}
