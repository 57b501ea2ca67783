"""The demonstration clicks items that can change a user's list."""

from __future__ import annotations

from typing import Any

from deployment.local.demo.api import Api
from deployment.local.demo.reactions import choose_clicks


class _Api(Api):
    """Answers ten popular items, and for each item the four that follow it."""

    def get(self, path: str, **_parameters: object) -> dict[str, Any]:
        item = path.rpartition("/")[2]
        first, count = (0, 10) if item == "popular" else (int(item) + 1, 4)
        return {"items": [{"item_id": str(number)} for number in range(first, first + count)]}


API = _Api("http://api.test", "")


def test_the_clicks_are_a_popular_item_and_similar_ones():
    assert choose_clicks(API, {"0"}, 1) == ["2", "3", "4"]


def test_a_further_run_clicks_other_items_than_the_runs_before():
    clicked = choose_clicks(API, {"0"}, 0)
    assert not {*clicked} & {*choose_clicks(API, {"0", *clicked}, 0)}


def test_without_items_that_are_new_to_the_user_there_are_no_clicks():
    assert choose_clicks(API, {str(number) for number in range(20)}, 0) == []
