"""POST /update-data with its records in the body."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from backend.collect.update_data import post_update_data
from backend.contract.products import CATEGORY_SETS, index_attributes
from backend.http import BadRequestError
from tests.factories.records import NOW, event_fields, item_fields, user_fields
from tests.fakes.dynamodb import invalid
from tests.fakes.faults import Fault, server_error, throttled
from tests.fakes.functions.front_door import request


def _post(door, body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = post_update_data(request(body, resource="/update-data"), door.submission())
    return response, json.loads(response["body"])


def test_interactions_are_stored_like_events(door):
    response, answer = _post(door, {"kind": "interactions", "records": [event_fields(), event_fields(user_id=3)]})

    assert response["statusCode"] == 202
    assert [verdict["status"] for verdict in answer["events"]] == ["accepted", "refused"]
    assert len(door.stream_events()) == 1


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("interactions", event_fields(user_id="null")),
        ("items", item_fields(item_id="undefined")),
        ("users", user_fields(user_id="[object Object]")),
    ],
)
def test_a_placeholder_in_place_of_an_id_is_refused_with_a_hint(door, kind, record):
    _, answer = _post(door, {"kind": kind, "records": [record]})

    (verdict,) = answer["events" if kind == "interactions" else "records"]
    assert (verdict["status"], verdict["reason"]) == ("refused", "placeholder_id")
    assert "leave the field out" in verdict["errors"][0]["rule"]


@pytest.mark.parametrize(
    ("kind", "fields", "key"), [("items", item_fields, "item_id"), ("users", user_fields, "user_id")]
)
def test_items_and_users_are_stored_in_the_lake_and_in_the_table(door, kind, fields, key):
    # When one of three is refused
    response, answer = _post(door, {"kind": kind, "records": [fields(**{key: "a"}), {}, fields(**{key: "b"})]})

    assert response["statusCode"] == 202
    assert [(verdict["status"], verdict.get("id")) for verdict in answer["records"]] == [
        ("accepted", "a"),
        ("refused", None),
        ("accepted", "b"),
    ]
    lake = door.s3.objects["lake", f"raw/{kind}/ingest_date=2026-02-01/request-1.jsonl"]
    assert [json.loads(line) for line in lake.splitlines()] == [fields(**{key: "a"}), fields(**{key: "b"})]
    stored = door.entities()
    assert {item["entity"]["S"] for item in stored} == {f"{kind[:-1]}#a", f"{kind[:-1]}#b"}
    assert all(json.loads(item["attributes"]["S"])[key] in "ab" for item in stored)
    assert all(item["updated_at"] == {"N": "1769904000000"} for item in stored)
    assert len(door.bad_rows()) == 1
    assert door.counts["unaccounted"] == 0


def test_items_are_in_the_index_of_products_and_users_are_not(door):
    for kind, fields in (("items", item_fields()), ("users", user_fields())):
        _post(door, {"kind": kind, "records": [fields]})

    item, user = door.entities()
    assert {name: item[name] for name in index_attributes(item_fields())} == index_attributes(item_fields())
    assert user.keys() == {"entity", "attributes", "updated_at", "expires_at"}


def test_categories_of_items_are_listed_and_each_is_added_once(door):
    records = [item_fields(item_id=f"i-{number}", category=f"c-{number % 30}") for number in range(90)]
    bare = {"item_id": "bare"}

    for submitted in (records, records, [{**item_fields(), "category": "another"}, bare]):
        response, _ = _post(door, {"kind": "items", "records": submitted})
        assert response["statusCode"] == 202

    assert door.categories() == {f"c-{number}" for number in range(30)} | {"another"}
    assert door.dynamodb.faults["update_item"].calls <= len(CATEGORY_SETS) + 1


def test_items_whose_category_the_table_does_not_confirm_are_retried(door):
    door.dynamodb.faults["update_item"].always(server_error())

    response, answer = _post(door, {"kind": "items", "records": [item_fields(), {"item_id": "bare"}]})

    assert (response["statusCode"], answer["retry"]) == (503, 2)
    assert door.entities() == []


def test_items_of_a_category_for_which_its_set_has_no_room_are_stored(door, caplog):
    door.dynamodb.faults["update_item"].always(invalid("Item size has exceeded the maximum size: [secret-4711]"))

    response, _ = _post(door, {"kind": "items", "records": [item_fields(category="secret-4711")]})

    assert (response["statusCode"], len(door.entities()), door.categories()) == (202, 1, set())
    assert "1 categories are not listed: ValidationException" in caplog.text
    assert "secret-4711" not in caplog.text


def test_users_expire_from_the_table_and_items_do_not(door):
    for kind, fields in (("items", item_fields()), ("users", user_fields())):
        _post(door, {"kind": kind, "records": [fields]})

    expiry = {item["entity"]["S"].partition("#")[0]: item.get("expires_at") for item in door.entities()}

    assert expiry == {"item": None, "user": {"N": str(1769904000 + 730 * 86400)}}


def test_the_last_of_two_records_with_one_id_is_stored(door):
    response, _ = _post(door, {"kind": "items", "records": [item_fields(price=1.0), item_fields(price=2.0)]})

    assert response["statusCode"] == 202
    (stored,) = door.entities()
    assert json.loads(stored["attributes"]["S"])["price"] == 2.0


def test_500_items_are_written_by_100_and_cancelled_ones_are_retried(door):
    # Given cancelled transactions in the first calls, a throttled call, and an answer without consumed capacity
    door.dynamodb.faults["transact_write_items"].plan(
        [Fault(failing=frozenset({3})), None, throttled(), Fault(answer={}), Fault(failing=frozenset(range(100)))]
    )

    response, answer = _post(door, {"kind": "items", "records": [item_fields(item_id=str(n)) for n in range(500)]})

    assert response["statusCode"] == 202
    assert answer["accepted"] == len(door.entities()) == 500


def test_nothing_is_stored_when_the_lake_fails(door):
    door.s3.faults["put_object"].always(server_error())

    response, answer = _post(door, {"kind": "items", "records": [item_fields()]})

    assert response["statusCode"] == 503
    assert answer["records"] == [{"index": 0, "status": "retry", "id": "i-1", "reason": "unavailable"}]
    assert door.entities() == []


def test_a_throttled_table_is_429_for_the_records_it_lacks(door):
    door.dynamodb.faults["transact_write_items"].plan([None])
    door.dynamodb.faults["transact_write_items"].always(Fault(failing=frozenset({0})))

    response, answer = _post(
        door, {"kind": "users", "records": [user_fields(user_id=f"u-{number}") for number in range(101)]}
    )

    assert response["statusCode"] == 429
    assert [verdict["status"] for verdict in answer["records"]] == ["accepted"] * 100 + ["retry"]
    assert door.clock.now <= 5.0


def test_records_are_retried_later_while_no_answer_has_consumed_capacity(door):
    # Given nothing is known of any write
    door.dynamodb.faults["transact_write_items"].always(Fault(answer={}))

    response, answer = _post(door, {"kind": "users", "records": [user_fields(user_id="a"), user_fields(user_id="b")]})

    assert response["statusCode"] == 503
    assert [verdict["status"] for verdict in answer["records"]] == ["retry", "retry"]


def test_an_earlier_version_does_not_replace_a_later_one(door):
    # Given 150 items, the first of which was updated after their request arrived
    later = door.submission(now=NOW + timedelta(seconds=1))
    update = {"kind": "items", "records": [item_fields(item_id="i-0", title="new")]}
    assert post_update_data(request(json.dumps(update).encode()), later)["statusCode"] == 202

    records = [item_fields(item_id=f"i-{number}", title="old") for number in range(150)]
    response, answer = _post(door, {"kind": "items", "records": records})

    assert (response["statusCode"], answer["accepted"]) == (202, 150)
    titles = {item["entity"]["S"]: json.loads(item["attributes"]["S"])["title"] for item in door.entities()}
    assert titles == {f"item#i-{number}": "old" if number else "new" for number in range(150)}
    assert door.clock.sleeps == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[", "body"),
        (b"[]", "body"),
        (b"\xff", "body"),
        ({}, "kind"),
        ({"kind": 3}, "kind"),
        ({"kind": "orders", "records": [{}]}, "kind"),
        ({"kind": "items"}, "records"),
        ({"kind": "items", "records": [{}], "source": "s3://uploads/a"}, "records"),
        ({"kind": "items", "records": []}, "records"),
        ({"kind": "items", "records": {}}, "records"),
        ({"kind": "items", "records": [{}] * 501}, "records"),
        ({"kind": "items", "records": [{}], "x" * 500: 1}, "x" * 128),
        ({"kind": "items", "source": 3}, "source"),
        ({"kind": "items", "source": "s3://uploads/a\nb"}, "source"),
    ],
)
def test_a_malformed_body_is_400_and_names_the_field(door, body, field):
    with pytest.raises(BadRequestError) as refused:
        _post(door, body)

    assert refused.value.field == field


@pytest.mark.parametrize("body", [b"{", b"[]", {"kind": "items", "records": []}, {"kind": "items", "records": {}}])
def test_a_body_without_records_that_can_be_read_is_a_bad_row(door, body):
    with pytest.raises(BadRequestError):
        _post(door, body)

    assert (door.counts["received"], door.counts["bad"]) == (1, 1)
    assert len(door.bad_rows()) == (body != b"{")  # which may be cut off before a denial
