"""Erasure of users: none of their data remain on disk, no other data are lost, and no position changes."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model.arrays.model_files import forget_users, read_model, write_model
from model.datasets.avro_schema import read_schema
from model.engine.personalize.errors import DamagedLogError
from model.engine.storage.dataset_group import DatasetGroup
from model.engine.storage.erasure import Erased, ErasureFailedError, erase_from_log, erase_from_parts, read_user_ids
from model.engine.storage.event_log.records import ActionRecord, EndRecord, EventRecord, GapRecord, RowRecord, encode
from model.engine.storage.event_log.segments import CUT, LogReader, write_segment
from model.engine.storage.import_part import ROWS_FILE, read_interactions, read_rows, write_interactions, write_rows
from model.engine.storage.interactions.store import InteractionStore
from model.engine.storage.interactions.time_order import users_in_time_order
from tests.factories.shop_stream import schema_text

INTERACTIONS = read_schema(schema_text("Interactions"))
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([None, "ann", "bob"]),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from([None, "i", "j"]),
        st.integers(1, 3),
    ),
    max_size=25,
)
ON_DISK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def event(place, user, session="s", item="i", time=1):
    return EventRecord(f"id-{place}", user, session, "View", item, time)


def erase_log(tmp_path, users, *segments):
    """Write segments, erase users from them, and return the result, the remaining records and the content."""
    log, new = tmp_path / "log", tmp_path / "new"
    log.mkdir()
    paths = []
    for number, records in enumerate(segments, 1):
        paths.append(log / f"{number:08d}.log")
        write_segment(
            paths[-1], [[encode(record)] for record in records], len(segments[number - 2]) if paths[1:] else 0
        )
    erased = Erased()
    erase_from_log(users, paths, new, erased)
    for path in new.iterdir():
        path.replace(log / path.name)
    return erased, list(LogReader(paths)), b"".join(path.read_bytes() for path in paths)


def test_events_before_a_login_are_erased_even_if_the_login_is_in_a_later_segment(tmp_path):
    erased, left, content = erase_log(
        tmp_path,
        {"ann"},
        [event(0, None, "s1"), event(1, "bob", "s2")],
        [event(2, "ann", "s1", time=2), RowRecord("USERS", "ann", {"AGE": "young"}), RowRecord("ITEMS", "ann", {})],
    )

    assert left == [GapRecord(False), event(1, "bob", "s2"), GapRecord(False), RowRecord("ITEMS", "ann", {})]
    assert erased.records == 3
    assert b"s1" not in content
    assert b"young" not in content


def test_action_interactions_are_erased_separately_from_those_with_items(tmp_path):
    action = ActionRecord("id-1", "ann", "s1", "TAKEN", "offer", 1)
    _, left, _ = erase_log(tmp_path, {"ann"}, [action, event(2, None, "s1"), EndRecord("ITEMS")])

    assert left == [GapRecord(True), event(2, None, "s1"), EndRecord("ITEMS")]


def test_a_segment_without_the_users_is_not_rewritten(tmp_path):
    erased, _, _ = erase_log(tmp_path, {"ann"}, [event(0, "bob")], [event(1, "ann")])

    assert erased.segments == ["00000002.log"]


def test_a_damaged_segment_is_not_erased_as_a_shorter_one(tmp_path):
    path = tmp_path / "00000001.log"
    write_segment(path, [[encode(event(place, user))] for place, user in enumerate(["eve", "ann", "bob"])], 0)
    path.write_bytes(path.read_bytes().replace(b"eve", b"Eve"))

    with pytest.raises(DamagedLogError):
        erase_from_log({"ann"}, [path], tmp_path / "new", Erased())


def test_what_was_cut_off_the_log_is_erased_too(tmp_path):
    async def erase():
        group = await DatasetGroup.open(tmp_path, {})
        (tmp_path / "streamed" / CUT).mkdir()
        (tmp_path / "streamed" / CUT / "00000001-100-f00").write_bytes(b"ann")
        (tmp_path / "new").mkdir()
        await group.erase_users(["ann"], {}, tmp_path / "new")
        await group.close()

    asyncio.run(erase())

    assert [path.name for path in (tmp_path / "streamed").iterdir()] == ["00000001.log"]


def test_a_log_whose_first_segment_was_rewritten_opens(tmp_path):
    async def erase():
        group = await DatasetGroup.open(tmp_path / "group", {})
        await group.store_events([event(0, "ann"), event(1, "ann", item="j")])
        await group.store_events([event(2, "bob")])
        segments = await group.log_segments(closed=True)
        erase_from_log({"ann"}, segments, tmp_path / "new", Erased())
        await group.erase_users(["ann"], {}, tmp_path / "new")
        await group.store_events([event(3, "bob", item="j", time=2)])
        await group.close()
        opened = await DatasetGroup.open(tmp_path / "group", {})
        histories = opened.interactions.history("ann"), opened.interactions.history("bob")
        await opened.close()
        return histories

    assert asyncio.run(erase()) == ([], ["j", "i"])


@ON_DISK
@example(
    [(None, "s2", "i", 2), ("ann", "s1", None, 1), ("bob", "s1", "i", 2), ("bob", "s2", None, 1), (None, "s1", "i", 1)]
)
@given(given_events=EVENTS)
def test_other_users_keep_their_positions_and_what_is_theirs_in_both_orders(tmp_path_factory, given_events):
    records = [event(place, *one) for place, one in enumerate(given_events)]
    before, after = InteractionStore(), InteractionStore()
    places = {record.event_id: before.add(record) for record in records}

    _, left, _ = erase_log(tmp_path_factory.mktemp("erase"), {"ann"}, records)
    found = {}
    for record in left:
        if isinstance(record, GapRecord):
            after.skip_position()
        else:
            found[record.event_id] = after.add(record)

    assert after.streamed_count == before.streamed_count
    assert all(places[event_id] == place for event_id, place in found.items())
    # The rule of identity gives an event of a session of two users to one of them by time, to the other by arrival.
    users = users_in_time_order(records, EventRecord)
    of_ann = {places[record.event_id] for record in records if users.of_event(record) == "ann"}
    before.erase_at(place for place in of_ann if place is not None)
    assert after.history("bob") == before.history("bob")
    assert after.history("ann") == []


def test_imported_interactions_of_the_users_are_erased_with_their_ids(tmp_path):
    part = tmp_path / "bulk" / "part"
    part.mkdir(parents=True)
    rows = [
        {"USER_ID": user, "ITEM_ID": f"i-{place}", "TIMESTAMP": place, "EVENT_TYPE": "View", "EVENT_VALUE": None}
        for place, user in enumerate(["ann", "bob", "ann", "eve"])
    ]
    write_interactions(part, INTERACTIONS, rows)

    erased = Erased()
    erase_from_parts({"ann", "unknown"}, {"INTERACTIONS": [part]}, tmp_path / "new", erased)

    assert list(read_interactions(tmp_path / "new" / "part", "INTERACTIONS")) == [rows[1], rows[3]]
    assert (erased.records, erased.parts) == (2, ["part"])
    assert not any(b"ann" in path.read_bytes() for path in (tmp_path / "new").rglob("*.*"))


def test_imported_rows_of_the_users_are_erased_and_other_parts_are_not_rewritten(tmp_path):
    for name, users in (("one", ["ann", "bob"]), ("two", ["bob"])):
        (tmp_path / name).mkdir()
        write_rows(tmp_path / name / ROWS_FILE, ((user, {"AGE": "old"}) for user in users))

    erased = Erased()
    erase_from_parts({"ann"}, {"USERS": [tmp_path / "one", tmp_path / "two"]}, tmp_path / "new", erased)

    assert dict(read_rows(tmp_path / "new" / "one" / ROWS_FILE)) == {"bob": {"AGE": "old"}}
    assert [path.name for path in (tmp_path / "new").iterdir()] == erased.parts == ["one"]


def test_the_lists_of_all_files_are_read():
    assert read_user_ids([("a.csv", ["USER_ID\n", "ann\n", "\n", '"b,ob"\n']), ("b.csv", ["USER_ID\n", "ann\n"])]) == {
        "ann",
        "b,ob",
    }


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["ann\n"], "must have the one column USER_ID"),
        ([], "must have the one column USER_ID"),
        (["USER_ID,NAME\n", "ann,Ann\n"], "must have the one column USER_ID"),
        (["USER_ID\n", "ann,Ann\n"], "line 2: more than one value"),
        (["USER_ID\n"], "is empty"),
    ],
)
def test_an_invalid_list_is_refused_without_naming_a_user(lines, reason):
    with pytest.raises(ErasureFailedError, match=reason) as refused:
        read_user_ids([("list.csv", lines)])

    assert "ann" not in str(refused.value).lower()


def test_a_model_loses_the_ids_of_the_users_and_other_users_keep_their_places(tmp_path):
    write_model(tmp_path, {"a": np.arange(3)}, {"users": ["ann", "bob", "eve"], "items": ["ann"]})

    assert forget_users(tmp_path, {"bob", "unknown"})
    assert not forget_users(tmp_path, {"bob", "unknown"})

    arrays, document = read_model(tmp_path)
    assert document == {"users": ["ann", "", "eve"], "items": ["ann"]}
    assert arrays["a"].tolist() == [0, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.npz"]
