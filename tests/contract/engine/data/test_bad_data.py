"""Data that hold little, or odd things, as a client sees them: refused with a reason, or learnt from and answered."""

from __future__ import annotations

import math

import pytest

from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import START, interactions_csv, items_csv

HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n"
ITEMS_HEADER = "ITEM_ID,CATEGORY,DESCRIPTION,PRICE,CREATION_TIMESTAMP\n"
LATEST = 99_999_999_999
ODD_IDS = (" ", "a'b;c|d", "ü-日本-🎉", "x" * 256, "01", "1", "1.0", "nan", "item:popularity")


@pytest.fixture(scope="module")
def shop(engine, s3):
    return Shop(engine, s3, account="913000000001")


def fill(shop, name, rows, items):
    """Replace the interactions and the items."""
    shop.load("Interactions", shop.s3.put("data", f"odd/{name}.csv", interactions_csv(rows)), name)
    shop.load("Items", shop.s3.put("data", f"odd/{name}-items.csv", items), f"{name}-items")


def interactions(item, moment, users=50, each=24):
    """Return interactions of users; `item` and `moment` map the number of an event to its item and its time."""
    return [
        (f"user-{user}", item(user * each + place), moment(user * each + place), "View")
        for user in range(users)
        for place in range(each)
    ]


def of_the_shop(number):
    return f"item-{number * 7 % 12}-{number % 15}"


@pytest.mark.honours(
    "CreateDatasetImportJob", "fails with the line, the column and the values that the column may have"
)
@pytest.mark.parametrize(
    ("dataset", "text", "reason"),
    [
        (
            "Interactions",
            f"{HEADER}u,i,{START},View,1\nu,i,{START},View,NaN\n",
            "line 3: column EVENT_VALUE must hold finite numbers",
        ),
        ("Interactions", f"{HEADER}u,i,{START},View,-inf\n", "line 2: column EVENT_VALUE must hold finite numbers"),
        ("Interactions", f"{HEADER}u,i,{START},View,1e39\n", "line 2: column EVENT_VALUE must hold finite numbers"),
        ("Interactions", f"{HEADER}u,i,-1,View,\n", "line 2: column TIMESTAMP must be positive epoch seconds"),
        ("Interactions", f"{HEADER}u,i,{START}.5,View,\n", "line 2: column TIMESTAMP must hold values of type long"),
        ("Items", f"{ITEMS_HEADER}i,shelf,text,nan,\n", "line 2: column PRICE must hold finite numbers"),
        (
            "Interactions",
            HEADER + "".join(f"u,i,{START},kind {kind},\n" for kind in range(40_000)),
            "there are 40000 event types and 0 metadata columns; together there may be 10",
        ),
    ],
    ids=["NaN", "infinite", "beyond float32", "before 1970", "half a second", "NaN of an item", "event types"],
)
def test_a_bad_value_fails_the_import_with_its_place_and_what_would_be_right(shop, dataset, text, reason, request):
    job = request.node.callspec.id.replace(" ", "-")

    done = shop.load(dataset, shop.s3.put("data", f"bad/{job}.csv", text), job, may_fail=True)

    assert done["status"] == "CREATE FAILED"
    assert reason in done["failureReason"]


@pytest.mark.honours("CreateSolutionVersion", "data that do not suit the recipe fail the training with what is needed")
@pytest.mark.parametrize(
    ("recipe", "items", "reason"),
    [
        (
            "aws-hrnn-coldstart",
            items_csv(),
            "the recipe needs from 100 to 80000: change cold_start_max_interactions or cold_start_max_duration",
        ),
        (
            "aws-semantic-similarity",
            f"{ITEMS_HEADER}item-0-0,,,1,\n",
            "no item has a text or a category: add a textual or categorical column to the Items dataset",
        ),
    ],
    ids=["too few cold items", "no texts"],
)
def test_data_that_do_not_suit_a_recipe_fail_its_training_with_what_would(shop, recipe, items, reason):
    fill(shop, recipe, interactions(of_the_shop, lambda number: START + number), items)

    version = shop.train(recipe, recipe, may_fail=True)

    assert version["status"] == "CREATE FAILED"
    assert reason in version["failureReason"]


@pytest.mark.honours(
    "CreateSolutionVersion", "trains on a single item, a single time, and times of 1970 and the far future"
)
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("one-item", interactions(lambda _: "item-0-0", lambda number: START + number)),
        ("odd-ids", interactions(lambda number: ODD_IDS[number % 9], lambda number: LATEST * (number % 2), users=60)),
        (
            "one-busy-user",
            [
                *interactions(of_the_shop, lambda _: START),
                *interactions(of_the_shop, lambda number: START + number, users=1, each=20_000),
            ],
        ),
    ],
    ids=["one item", "odd ids, in 1970 and the far future", "one user with most of the events"],
)
def test_odd_data_are_learnt_from_and_answered_sensibly(shop, name, rows):
    known = {row[1] for row in rows}
    fill(shop, name, rows, ITEMS_HEADER + "".join(f"{item},same|all,same words,1,\n" for item in sorted(known)))

    campaign = shop.deploy(name, "aws-user-personalization-v2")

    for user in ("user-1", "nobody", "🎉 "):
        answer = shop.runtime.get_recommendations(campaignArn=campaign, userId=user, numResults=25)["itemList"]
        scores = [entry["score"] for entry in answer]
        assert len({entry["itemId"] for entry in answer}) == len(answer) == min(25, len(known))
        assert {entry["itemId"] for entry in answer} <= known
        assert all(map(math.isfinite, scores))
        assert scores == sorted(scores, reverse=True)
        assert user == "user-1" or all(entry["reason"] == ["Popular item"] for entry in answer)
