"""The popular items by users' facts, which the job writes beside the runs."""

import json
from typing import Any

import pytest

from scripts.arguments import Options, Window
from scripts.build import build_datasets
from scripts.popular_by_fact import MAX_ITEMS, MAX_VALUES, MIN_USERS
from tests.factories.data_sets.lakes import event, write_events, write_lines


@pytest.fixture
def build(spark, tmp_path):
    def build(events: list[dict[str, Any]], *users: dict[str, Any], run_id: str = "run") -> dict[str, Any]:
        write_events(tmp_path / "raw", events)
        write_lines(tmp_path / "raw", "users", f"part-{run_id}", *users)
        options = Options("test", f"{tmp_path}/raw/", f"{tmp_path}/datasets/{run_id}/", run_id, Window())
        build_datasets(spark, options)
        written: dict[str, Any] = json.loads((tmp_path / "datasets/popular-by-fact.json").read_text("utf-8"))
        assert written["run_id"] == run_id
        lists: dict[str, Any] = written["lists"]
        return lists

    return build


def viewed(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """Return a view of each item by each user, in a session of the user's own."""
    return [event(n, user_id=user, session_id=f"s-{user}", item_id=item) for n, (user, item) in enumerate(pairs)]


def users(count: int, prefix: str = "u", **facts: str) -> list[dict[str, Any]]:
    return [{"user_id": f"{prefix}-{n}", **facts} for n in range(count)]


def test_items_are_ordered_by_the_users_of_a_value_who_interacted_with_them(build, ansi):
    several = [(f"u-{n}", "i-many") for n in range(MIN_USERS)]
    # One user's many events count once.
    eager = [("u-0", "i-eager")] * 30 + [("u-1", "i-few"), ("u-2", "i-few")]
    others = [(f"other-{n}", "i-other") for n in range(MIN_USERS)]

    lists = build(
        viewed(*several, *eager, *others, ("unknown", "i-unknown")),
        *users(MIN_USERS, gender="F", city="  New   York "),
        *users(MIN_USERS, "other", gender="M"),
    )

    assert lists == {
        "gender": {"F": ["i-many", "i-few", "i-eager"], "M": ["i-other"]},
        "city": {"New York": ["i-many", "i-few", "i-eager"]},
    }


def test_a_value_of_few_users_with_interactions_has_no_list(build):
    pairs = [(f"u-{n}", "i-1") for n in range(MIN_USERS - 1)]

    assert build(viewed(*pairs), *users(3 * MIN_USERS, country="DE")) == {}
    later = event(50, user_id=f"u-{MIN_USERS}", session_id="s", item_id="i-2")
    assert build([later], run_id="next") == {"country": {"DE": ["i-1", "i-2"]}}


def test_events_in_a_session_of_several_users_belong_to_their_users(build):
    pairs = viewed(*((f"u-{n}", "i-1") for n in range(MIN_USERS)))
    shared = [
        event(100, user_id="u-1", session_id="shared", item_id="i-1"),
        event(101, user_id=None, session_id="shared", item_id="i-2"),
        event(102, user_id="stranger", session_id="shared", item_id="i-1"),
        event(103, user_id=None, session_id="shared", item_id="i-3"),
    ]

    assert build([*pairs, *shared], *users(MIN_USERS, region="Bavaria")) == {"region": {"Bavaria": ["i-1", "i-2"]}}


def test_the_lists_are_bounded(build):
    crowd = users(MIN_USERS, gender="|".join(f"g-{n:02d}" for n in range(MAX_VALUES + 1)))
    pairs = [(user["user_id"], f"i-{n:03d}") for user in crowd for n in range(MAX_ITEMS + 1)]

    lists = build(viewed(*pairs), *crowd)

    assert [*lists["gender"]] == [f"g-{n:02d}" for n in range(MAX_VALUES)]
    assert {len(items) for items in lists["gender"].values()} == {MAX_ITEMS}
    assert lists["gender"]["g-00"][0] == "i-000"


def test_without_users_there_are_no_lists(build):
    assert build(viewed(("u-1", "i-1"))) == {}
