"""The generated stream is reproducible, exact in number, consistent with its expected outcomes, and learnable."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any

import pytest

from data.generate import main
from data.generator import Settings, generate
from data.generator.attribute_values import PLACES, TREE
from data.generator.invalid_events import BREAKAGES
from data.generator.structure import measure_structure
from data.stream import ACCEPTED, SUPPRESSED

SMALL = Settings(items=200, users=150, events=3_000, days=10, until=datetime(2026, 11, 1, tzinfo=UTC))


def test_the_same_seed_gives_the_same_bytes():
    first, second = list(generate(SMALL).events), list(generate(SMALL).events)

    assert first == second
    assert list(generate(SMALL).items) == list(generate(SMALL).items)
    assert list(generate(SMALL).users) == list(generate(SMALL).users)


def test_another_seed_gives_another_stream():
    other = list(generate(replace(SMALL, seed=2)).events)

    assert other != list(generate(SMALL).events)


@pytest.mark.parametrize("events", [1, 7, 500, 3_000])
def test_the_number_of_events_is_exact(events):
    stream = generate(replace(SMALL, events=events))

    assert len(list(stream.events)) == events == stream.expected.sent


def test_every_event_has_one_outcome():
    expected = generate(replace(SMALL, denied=0.05)).expected

    assert expected.accepted + expected.suppressed + sum(expected.refused.values()) == expected.sent
    assert 0 < expected.repeats < expected.accepted
    assert expected.suppressed > 0
    assert expected.late > 0


def test_repeats_are_the_same_bytes_under_the_same_id():
    accepted = [event for event in generate(SMALL).events if event.outcome == ACCEPTED]

    payloads = Counter(event.payload for event in accepted)
    keys = Counter(event.event_key for event in accepted)

    assert sorted(payloads.values()) == sorted(keys.values())
    assert max(keys.values()) > 1


def test_events_arrive_in_order_and_none_happens_after_the_end():
    events = list(generate(SMALL).events)

    assert all(earlier.arrival_ms <= later.arrival_ms for earlier, later in pairwise(events))
    timestamps = [
        datetime.fromisoformat(json.loads(event.payload)["timestamp"]) for event in events if event.outcome == ACCEPTED
    ]
    assert SMALL.since <= min(timestamps)
    assert max(timestamps) < SMALL.until


def test_only_late_events_arrive_after_their_own_time():
    for event in generate(replace(SMALL, repeated=0)).events:
        if event.outcome == ACCEPTED:
            happened = datetime.fromisoformat(json.loads(event.payload)["timestamp"]).timestamp() * 1000
            assert event.is_late == (event.arrival_ms - happened > 1)


def test_a_clean_stream_has_no_defects():
    clean = replace(SMALL, late=0, repeated=0, broken=0, denied=0, bots=0)

    expected = generate(clean).expected

    assert expected.accepted == expected.distinct == expected.sent
    assert expected.late == 0


def test_every_breakage_occurs_in_a_stream_with_enough_of_them():
    expected = generate(replace(SMALL, broken=0.5)).expected

    assert set(expected.refused) == {reason for reason, _, _ in BREAKAGES}


def test_payloads_marked_as_json_are_json_and_the_others_are_not():
    for event in generate(replace(SMALL, broken=0.5)).events:
        try:
            json.loads(event.payload)
            is_json = True
        except ValueError:
            is_json = False
        assert is_json == event.is_json, event.payload


def test_denied_consent_is_a_field_of_the_event():
    denied = [event for event in generate(replace(SMALL, denied=0.2)).events if event.outcome == SUPPRESSED]

    assert denied
    assert all(json.loads(event.payload)["consent"] == "denied" for event in denied)


def test_some_sessions_begin_anonymous_and_log_in_later():
    sessions: dict[str, list[bool]] = {}
    for event in generate(replace(SMALL, late=0, repeated=0)).events:
        if event.outcome == ACCEPTED:
            fields = json.loads(event.payload)
            if "session_id" in fields:
                sessions.setdefault(fields["session_id"], []).append("user_id" in fields)

    assert any(known == sorted(known) and known[0] != known[-1] for known in sessions.values())
    assert any(not any(known) for known in sessions.values())


def accepted_events(settings=SMALL) -> list[dict[str, Any]]:
    return [json.loads(event.payload) for event in generate(settings).events if event.outcome == ACCEPTED]


def test_a_visitor_is_one_user_s_device_before_and_after_the_log_in():
    users: defaultdict[str, set[str]] = defaultdict(set)
    devices: defaultdict[str, set[str]] = defaultdict(set)
    sessions: defaultdict[str, set[str]] = defaultdict(set)
    for event in accepted_events():
        if "visitor_id" in event:
            users[event["visitor_id"]] |= {event["user_id"]} if "user_id" in event else set()
            devices[event["visitor_id"]].add(event["device"])
            sessions[event["visitor_id"]].add(event["session_id"])

    assert all(len(each) <= 1 for each in users.values())
    assert all(len(each) == 1 for each in devices.values())
    assert any(len(each) > 1 for each in sessions.values())


def test_an_order_is_one_visit_s_and_has_the_price_of_a_unit():
    prices = {item["item_id"]: item["price"] for item in generate(SMALL).items}
    purchases = [event for event in accepted_events() if event["event_type"] == "Purchase"]
    sessions: defaultdict[str, set[str]] = defaultdict(set)
    for event in purchases:
        sessions[event["order_id"]].add(event["session_id"])
        assert event["event_value"] == prices[event["item_id"]]
        assert event["currency"] == "EUR"

    assert all(len(each) == 1 for each in sessions.values())
    assert len(sessions) < len(purchases)
    assert {event["quantity"] for event in purchases} >= {1, 2}


def test_a_click_has_the_list_and_the_place_of_its_item():
    clicks = [event for event in accepted_events() if event["event_type"] == "Click"]

    assert clicks
    assert all(event["impression"][event["position"] - 1] == event["item_id"] for event in clicks)


def test_users_of_a_region_have_a_taste_in_common():
    departments: defaultdict[str, Counter[str]] = defaultdict(Counter)
    stream = generate(replace(SMALL, users=2_000))
    names = {category: department for department, branch in TREE.items() for category in branch}
    for user in stream.users:
        if "region" in user and "interests" in user:
            departments[str(user["region"])][names[str(user["interests"]).split("|")[0]]] += 1

    favourites = {region: counts.most_common(1)[0][0] for region, counts in departments.items()}
    assert favourites == {place[1]: department for place, department in zip(PLACES, TREE, strict=True)}


def test_bots_send_bursts():
    per_session = Counter(event.user for event in generate(replace(SMALL, bots=0.1)).events)

    assert per_session.most_common(1)[0][1] >= 50


def test_a_huge_stream_starts_at_once():
    first = list(islice(generate(replace(SMALL, events=50_000_000, days=300)).events, 10))

    assert len(first) == 10


def test_nothing_is_shown_before_its_launch():
    stream = generate(SMALL)
    created = {item["item_id"]: datetime.fromisoformat(str(item["created_at"])) for item in stream.items}
    assert any(timestamp > SMALL.since for timestamp in created.values())

    for event in stream.events:
        fields = json.loads(event.payload) if event.outcome == ACCEPTED else {}
        for shown in fields.get("impression", []):
            assert created[shown] <= datetime.fromisoformat(fields["timestamp"])


def test_a_good_recommender_beats_popularity():
    structure = measure_structure(replace(SMALL, items=500, users=300, events=12_000))

    assert structure.steps > 300
    assert structure.transitions > 1.5 * structure.popularity
    assert structure.oracle > 1.3 * structure.transitions


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": 0}, "events is 0"),
        ({"broken": 0.9}, "broken is 0.9"),
        ({"until": datetime(2026, 1, 1)}, "offset"),  # noqa: DTZ001
        ({"until": datetime(1, 1, 1, tzinfo=UTC)}, "begin in 1995 or later"),
        ({"until": datetime(1995, 1, 5, tzinfo=UTC)}, "begin in 1995 or later"),
        ({"days": 10**9}, "begin in 1995 or later"),
    ],
)
def test_impossible_settings_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)


@pytest.mark.parametrize("until", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_the_command_refuses_a_period_of_which_no_event_is_accepted(tmp_path, capsys, until):
    assert main(["--out", str(tmp_path), "--until", until]) == 2

    assert "until is" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_writes_the_generated_stream(tmp_path, capsys):
    arguments = ["--events", "300", "--items", "50", "--people", "20", "--days", "3", "--until", "2026-11-01T00:00:00Z"]

    status = main([*arguments, "--out", str(tmp_path)])

    assert status == 0
    stream = generate(Settings(items=50, users=20, events=300, days=3, until=datetime(2026, 11, 1, tzinfo=UTC)))
    assert (tmp_path / "events.jsonl").read_bytes().split(b"\n")[:-1] == [event.payload for event in stream.events]
    assert json.loads((tmp_path / "expected.json").read_text()) == stream.expected.as_dict()
    assert json.loads(capsys.readouterr().out) == stream.expected.as_dict()
    assert len((tmp_path / "items.jsonl").read_text().splitlines()) == 50


def test_the_command_names_an_invalid_setting(capsys):
    assert main(["--events", "0"]) == 2
    assert "events is 0" in capsys.readouterr().err
