"""PutEvents, PutItems and PutUsers over the wire: limits, repeats, and what a crash leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from functools import partial

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.contract.engine.calls import event, put_events, refusal
from tests.contract.engine.running_engine import ROOT
from tests.contract.engine.shops import Shop
from tests.fakes.waiting import wait_until

# A longer run: KILLS=50 python -m pytest tests/contract/engine/events/test_events.py -k mid_stream -s --timeout=0
KILLS = int(os.environ.get("KILLS", "1"))


def stored(engine, group="shop"):
    return engine.metric("personalize_events_stored", dataset_group=group)


@pytest.fixture
def lone(own_engine, s3):
    """A shop that only tracks, in an engine of its own."""
    shop = Shop(own_engine, s3)
    shop.track()
    return shop


@pytest.mark.honours(
    "PutEvents", "at most 10 events per call and 10 KB per event; lengths and reserved property names are checked"
)
@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([event() for _ in range(11)], "eventList has 11 members; it may have 1 to 10"),
        ([event(eventId="e" * 257)], "eventList[0].eventId has 257 characters"),
        ([event(properties='{"a": "' + "b" * 1024 + '"}')], "eventList[0].properties has"),
        ([event(properties='{"a": ')], "eventList[0].properties is not valid JSON"),
        ([event(properties='{"userId": "u"}')], "may not hold the keyword userId"),
        ([event(impression=["i"] * 26)], "eventList[0].impression has 26 members"),
        ([event(recommendationId="r" * 41)], "eventList[0].recommendationId has 41 characters"),
        ([event(impression=["é" * 256 for _ in range(25)])], "an event may have 10240"),
        ([event(), event(itemId="i" * 257)], "eventList[1].itemId has 257 characters"),
        ([event(eventValue=1e39)], "eventList[0].eventValue must be a finite number that fits into the type float"),
        ([event(properties='{"eventValue": -1e300}')], "eventList[0].eventValue must be a finite number"),
        ([event(properties='{"eventValue": NaN}')], "eventList[0].eventValue must be a finite number"),
        ([event(eventType="EVENT_TYPE")], "eventList[0].eventType holds the reserved keyword EVENT_TYPE as a value"),
        ([event(itemId="ITEM_ID")], "eventList[0].itemId holds the reserved keyword ITEM_ID as a value"),
        ([event(None, properties='{"itemId": "ITEM_ID"}')], "eventList[0].properties.itemId holds the reserved"),
        ([event(impression=["i", "ITEM_ID"])], "eventList[0].impression[1] holds the reserved keyword ITEM_ID"),
        ([event(eventType="a\tb")], "eventList[0].eventType has a control character"),
        ([event(), event(itemId="a\0b")], "eventList[1].itemId has a control character"),
        ([event(sentAt=-1)], "eventList[0].sentAt must be positive epoch seconds"),
    ],
)
def test_a_call_with_one_bad_event_is_refused_whole(trained_shop, events, message):
    before = stored(trained_shop.engine)

    code, text = refusal(put_events, trained_shop, *events)

    assert code == "InvalidInputException"
    assert message in text
    assert stored(trained_shop.engine) == before


@pytest.mark.honours("PutEvents", "reserved keywords and control characters in ids are refused, as in imports")
@pytest.mark.parametrize("value", ["USER_ID", "a\x1bb"])
def test_a_user_or_session_that_an_import_refuses_is_refused(trained_shop, value):
    of_user = refusal(put_events, trained_shop, event(), user=value)
    of_session = refusal(put_events, trained_shop, event(), session=value)

    rule = "has a control character" if "\x1b" in value else "holds the reserved keyword USER_ID as a value"
    assert of_user == ("InvalidInputException", f"userId {rule}")
    assert of_session == ("InvalidInputException", f"sessionId {rule}")


@pytest.mark.honours("PutItems", "reserved keywords and control characters in ids are refused, as in imports")
@pytest.mark.honours("PutUsers", "reserved keywords and control characters in ids are refused, as in imports")
@pytest.mark.honours("PutActions", "reserved keywords and control characters in ids are refused, as in imports")
@pytest.mark.parametrize(
    ("value", "rule"),
    [("ITEM_ID", "holds the reserved keyword ITEM_ID as a value"), ("a\nb", "has a control character")],
)
@pytest.mark.parametrize(("rows", "row_id"), [("items", "itemId"), ("users", "userId"), ("actions", "actionId")])
def test_a_row_whose_id_an_import_refuses_is_refused(trained_shop, rows, row_id, value, rule):
    put = getattr(trained_shop.events, f"put_{rows}")

    refused = refusal(put, datasetArn=trained_shop.datasets["Items"], **{rows: [{row_id: "a"}, {row_id: value}]})

    assert refused == ("InvalidInputException", f"{rows}[1].{row_id} {rule}")


@pytest.mark.honours("PutEvents", "an unknown trackingId is InvalidInputException")
def test_an_unknown_tracking_id_is_an_invalid_input(trained_shop):
    request = {"trackingId": "unknown", "sessionId": "s", "eventList": [event()]}
    assert refusal(trained_shop.events.put_events, **request).code == "InvalidInputException"


@pytest.mark.honours("PutEvents", "an eventId is stored once")
def test_an_event_id_is_kept_once_and_counted(lone):
    put_events(lone, event(eventId="a"), event(eventId="b"), event(eventId="a"))
    put_events(lone, event(eventId="b"), event(eventId="c", itemId="item-2-2"))

    assert stored(lone.engine) == 3
    assert lone.engine.metric("personalize_events_received_total") == 5
    assert lone.engine.metric("personalize_events_duplicate_total") == 2


@pytest.mark.honours("PutEvents", "events that were acknowledged are durable")
def test_what_was_answered_survives_a_kill_in_mid_stream(lone):
    acknowledged: list[str] = []
    refused: list[str] = []

    def keep_sending(sender):
        for number in range(10_000):
            name = f"{sender}-{number}"
            try:
                put_events(
                    lone, event(eventId=name), event(eventId=f"{name}-b", itemId="item-2-2"), user=f"user-{sender}"
                )
            except (ClientError, BotoCoreError):
                refused.append(name)
                return
            acknowledged.append(name)

    def are_acknowledged(count):
        return len(acknowledged) >= count

    for kill in range(KILLS):
        wanted = len(acknowledged) + 100
        senders = [threading.Thread(target=keep_sending, args=(f"{kill}-{number}",)) for number in range(4)]
        for sender in senders:
            sender.start()
        wait_until(partial(are_acknowledged, wanted), 60)
        lone.engine.kill()
        for sender in senders:
            sender.join()
        lone.engine.start()
        found = stored(lone.engine)
        assert 2 * len(acknowledged) <= found <= 2 * (len(acknowledged) + len(refused))

    # Sent again, every acknowledged event is a duplicate: none was lost.
    for name in acknowledged:
        put_events(lone, event(eventId=name), event(eventId=f"{name}-b"))
    assert stored(lone.engine) == found
    assert lone.engine.metric("personalize_events_duplicate_total") == 2 * len(acknowledged)
    print(f"{KILLS} kills: {2 * len(acknowledged)} events acknowledged, {int(found)} stored, none lost or doubled")


def test_a_torn_end_is_cut_and_a_damaged_middle_stops_the_start(lone, capfd):
    put_events(lone, event(eventId="first"))
    put_events(lone, event(eventId="second"))
    put_events(lone, event(eventId="third"))
    lone.engine.stop()
    (segment,) = lone.engine.directory.glob("groups/*/streamed/*.log")
    whole = segment.read_bytes()

    segment.write_bytes(whole[:-5])
    lone.engine.start()
    assert stored(lone.engine) == 2
    lone.engine.stop()

    segment.write_bytes(whole.replace(b"first", b"FIRST"))
    with pytest.raises(AssertionError, match="ended before it was ready"):
        lone.engine.start()

    said = capfd.readouterr().err
    assert "00000001.log is damaged at byte" in said
    command = said.partition("`")[2].partition("`")[0].split()
    assert command[:4] == ["python", "-m", "model.engine", "salvage"]
    subprocess.run([sys.executable, *command[1:], "--write"], cwd=ROOT, capture_output=True, timeout=60, check=True)
    lone.engine.start()
    assert stored(lone.engine) == 2


def test_a_second_engine_on_the_directory_or_port_fails_with_a_sentence(lone):
    def start(directory, port):
        command = [sys.executable, "-m", "model.engine", "--directory", str(directory), "--port", str(port)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    same_directory = start(lone.engine.directory, 0)
    same_port = start(lone.engine.directory.with_name("other"), lone.engine.port)

    assert (same_directory.returncode, same_port.returncode) == (2, 2)
    assert "another engine is running on" in same_directory.stderr
    assert "cannot listen on" in same_port.stderr
    assert same_directory.stderr.count("\n") == same_port.stderr.count("\n") == 1


def test_logs_hold_neither_users_nor_payloads(lone):
    put_events(lone, event(itemId="secret-item"), user="secret-person", session="secret-session")
    refusal(put_events, lone, event(properties="secret-payload"), user="secret-person")

    assert "secret" not in lone.engine.directory.with_suffix(".log").read_text()


@pytest.mark.honours("PutItems", "properties are checked against the schema, names in camel case")
@pytest.mark.honours("PutUsers", "an Items dataset or an unknown dataset is refused")
@pytest.mark.differs("PutItems", "a property that the schema does not name is refused")
def test_rows_are_checked_against_the_schema(new_shop):
    items = new_shop.datasets["Items"]

    def one(properties):
        return {"datasetArn": items, "items": [{"itemId": "i-1", "properties": json.dumps(properties)}]}

    new_shop.events.put_items(**one({"category": "a|b", "price": 3.5}))
    assert "which is not in the schema" in refusal(new_shop.events.put_items, **one({"colour": "red"}))[1]
    assert "column PRICE must hold" in refusal(new_shop.events.put_items, **one({"price": "cheap"}))[1]
    users = {"datasetArn": items, "users": [{"userId": "u"}]}
    assert "must be of an USERS dataset" in refusal(new_shop.events.put_users, **users)[1]
    missing = {"datasetArn": items.replace("ITEMS", "USERS"), "users": [{"userId": "u"}]}
    assert refusal(new_shop.events.put_users, **missing)[0] == "ResourceNotFoundException"
