"""Who asks and in which circumstances: context and the columns of users change answers, and all outlives a kill."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.contract.engine.calls import ids, refusal, send
from tests.contract.engine.running_engine import RunningEngine
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import SCHEMA_FIELDS, interactions_csv, items_csv, schema_text, shop_rows

HALF = 6  # shelves below are looked at on phones and liked by the young, the others on desks and by the old
DEVICE = {"name": "DEVICE", "type": ["string", "null"], "categorical": True}


def lower(item_id):
    return item_id.startswith("item-") and int(item_id.split("-")[1]) < HALF


def share_of_lower(answer):
    found = [id_ for id_ in ids(answer) if id_.startswith("item-")]
    return sum(map(lower, found)) / len(found)


def interactions_with_devices():
    head, *lines = interactions_csv(shop_rows()).splitlines()
    devices = ["phone" if lower(line.split(",")[1]) else "desk" for line in lines]
    return "\n".join([f"{head},DEVICE", *map(",".join, zip(lines, devices, strict=True))])


def users_csv():
    looked_at = Counter((user, lower(item)) for user, item, *_ in shop_rows())
    users = sorted({user for user, _ in looked_at})
    groups = ["young" if looked_at[user, True] > looked_at[user, False] else "old" for user in users]
    return "\n".join(["USER_ID,AGE_GROUP", *map(",".join, zip(users, groups, strict=True))])


@pytest.fixture(scope="module")
def shop(tmp_path_factory, s3):
    """A shop in an engine of its own that knows the devices of events and the ages of users."""
    running = RunningEngine(tmp_path_factory.mktemp("circumstances") / "state", s3.url)
    schemas = {name: schema_text(name) for name in ("Items", "Users")}
    schemas["Interactions"] = avro_schema("Interactions", [*SCHEMA_FIELDS["Interactions"], DEVICE])
    made = Shop(running, s3, schemas=schemas)
    texts = {"Interactions": interactions_with_devices(), "Items": items_csv(), "Users": users_csv()}
    for name, text in texts.items():
        made.load(name, s3.put("data", f"circumstances/{name}.csv", text), name)
    made.deploy("for-you", "aws-user-personalization-v2")
    made.track()
    yield made
    running.stop()


def recommend(shop, **request):
    return shop.recommend("for-you", **{"numResults": 20, **request})


@pytest.mark.honours("GetRecommendations", "context: values of the metadata columns of the interactions")
def test_the_circumstances_of_a_question_change_its_answer(shop):
    on_phone = share_of_lower(recommend(shop, userId="stranger", context={"DEVICE": "phone"}))
    on_desk = share_of_lower(recommend(shop, userId="stranger", context={"DEVICE": "desk"}))

    assert on_phone > 0.8
    assert on_desk < 0.2


@pytest.mark.honours("GetRecommendations", "an unknown context value changes nothing")
def test_unknown_circumstances_change_nothing(shop):
    usual = ids(recommend(shop, userId="stranger"))

    assert ids(recommend(shop, userId="stranger", context={"DEVICE": "fridge"})) == usual
    message = refusal(recommend, shop, userId="stranger", context={"DEVICES": "phone"}).message
    assert "DEVICES, which is no metadata column of the interactions; these have DEVICE" in message


@pytest.mark.honours("PutUsers", "a new user's columns change the next answer")
def test_a_new_user_is_recommended_what_users_of_their_kind_like(shop):
    for name, group in (("newcomer-1", "young"), ("newcomer-2", "old")):
        shop.put_user(name, ageGroup=group)

    young, old = (share_of_lower(recommend(shop, userId=name)) for name in ("newcomer-1", "newcomer-2"))

    assert young > old


@pytest.mark.honours("GetRecommendations", "the same answers after a kill: events, new items and users included")
def test_after_a_kill_all_is_answered_as_before(shop):
    shop.put_item("arrival", category="shelf 2|all", price=7.5)
    send(shop, "regular", ["item-2-1", "item-2-2", "arrival"])
    asked: list[dict[str, Any]] = [
        {"userId": "regular", "metadataColumns": {"ITEMS": ["CATEGORY", "PRICE"]}},
        {"userId": "newcomer-1", "context": {"DEVICE": "desk"}},
        {"userId": "regular", "numResults": 300},
    ]
    before = [recommend(shop, **request)["itemList"] for request in asked]
    solutions = shop.control.list_solutions()["solutions"]
    assert any(item["itemId"] == "arrival" for item in before[2])

    shop.engine.kill()
    shop.engine.start()

    assert [recommend(shop, **request)["itemList"] for request in asked] == before
    assert shop.control.list_solutions()["solutions"] == solutions
