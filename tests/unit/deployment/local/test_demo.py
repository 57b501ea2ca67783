"""The demonstration's requests and output after a click."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from deployment.local.demo import reactions, report
from deployment.local.demo.api import Api, NotFoundError
from deployment.local.demo.reactions import Reaction
from tests.fakes.client.events_api import KEY, EventsApi, serving

TITLES = {"shoe-17": "Walking boots", "hat-2": "Wool hat", "bag-5": "Weekender"}


class FakeApi(Api):
    """Returns one list until an item is clicked and another afterwards; explains on request."""

    def __init__(self, url: str, events: EventsApi, because: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(url, KEY)
        self.because = because
        self.events = events
        self.lists = {"/popular": ["hat-2", "bag-5", "shoe-17"], "/similar-items/shoe-17": ["hat-9", "hat-8"]}

    def get(self, path: str, **parameters: object) -> dict[str, Any]:
        if path.startswith("/recommendations/") and path.rpartition("/")[2] not in self.known():
            raise NotFoundError(path)
        if path.startswith("/users/"):
            raise NotFoundError(path)
        items = self.lists.get(path, ["bag-5", "hat-2"])[: int(str(parameters["num_results"]))]
        reasons = self.because if parameters.get("explain") == "true" else {}
        return {
            "items": [{"item_id": item} | ({"because": reasons[item]} if item in reasons else {}) for item in items]
        }

    def known(self) -> set[str]:
        return {event["user_id"] for event in self.events.stored}


@pytest.fixture(autouse=True)
def few_items(monkeypatch):
    monkeypatch.setattr(reactions, "SHOWN", 2)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def printed(reaction: Reaction) -> str:
    out = StringIO()
    report.print_answers(Console(file=out, width=100), [reaction], TITLES)
    return out.getvalue()


def test_recommendations_after_a_click_have_their_strongest_explanation():
    because = [
        {"name": "popularity", "weight": 0.2},
        {"name": "item:shoe-17", "weight": 0.35},
        {"name": "rest", "weight": 0.45},
    ]

    events = EventsApi()
    with serving(events) as url:
        reaction = reactions.react(FakeApi(url, events, {"bag-5": because}), "u-1")

    assert reaction.before == ["hat-2", "bag-5"]
    assert reaction.clicked == ["shoe-17", "hat-9", "hat-8"]
    assert (reaction.after, reaction.because) == (["bag-5", "hat-2"], ["item:shoe-17", ""])
    assert reaction.seconds is not None


def test_reasons_are_printed_with_the_titles_of_items():
    text = printed(
        Reaction(
            "u-1",
            ["shoe-17"],
            ["a"] * 5,
            ["b"] * 5,
            0.1,
            ["item:shoe-17", "content:x:y", "popularity", "", "item:b"],
        )
    )

    reasons = [line.split("│")[4].strip() for line in text.splitlines() if line.startswith("│")]
    assert reasons == ["Walking boots", "x:y", "popularity", "-", "seen before"]


def test_the_verdict_on_each_campaign_is_printed():
    out = StringIO()
    deployment = {
        "CampaignArn": "arn:aws:personalize:::campaign/shop-popular",
        "Verdict": {"reason": "The champion stays."},
    }

    report.print_verdicts(Console(file=out, width=100), [deployment])

    assert "shop-popular" in out.getvalue()
    assert "The champion stays." in out.getvalue()
