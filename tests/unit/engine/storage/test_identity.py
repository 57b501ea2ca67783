"""The rule of identity in the engine: serving in order of arrival, training and exporting in order of time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings

from backend.contract.rules.identity import find_owners, in_time_order, name_session
from model.datasets.avro_schema import read_schema
from model.datasets.csv_import import to_columns
from model.datasets.dataset_types import ACTION_INTERACTIONS, INTERACTIONS
from model.engine.s3.export import ALL, BULK, PUT, read_rows_to_export
from model.engine.storage.dataset_group import DatasetGroup
from model.engine.storage.erasure import Erased, erase_from_log
from model.engine.storage.event_log.records import ActionRecord, EventRecord
from model.engine.storage.event_log.segments import LogReader
from model.engine.storage.import_part import read_interactions, write_interactions
from model.engine.storage.interactions.store import InteractionStore
from model.engine.training.training_input import copy_input, read_input
from tests.factories.identity.cases import CASES, Row
from tests.factories.identity.events import ROWS, event_of, forwarded
from tests.factories.shop_stream import schema_text

SCHEMA = read_schema(schema_text("Interactions"))
ON_DISK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def record_of(row: Row, kind: type[EventRecord] = EventRecord) -> EventRecord:
    """Return an event as the stream forwards it; its item has the name of the event."""
    session = "digest-of-the-user" if row.session_id is None else name_session(row.session_id)
    item = None if row.event_type == "Search" else f"item-{row.event_id}"
    return kind(row.event_id, row.user_id, session, row.event_type, item, row.second)


def store_of(rows):
    store = InteractionStore()
    for row in rows:
        store.add(record_of(row))
    return store


def owners_by_item(columns):
    return {
        columns.item_ids[item]: columns.user_ids[user]
        for user, item in zip(columns.users.tolist(), columns.items.tolist(), strict=True)
    }


def expected(rows, attribute):
    return {f"item-{row.event_id}": getattr(row, attribute) for row in rows if row.event_type != "Search"}


def part_of(path, rows):
    """Write an import part of (user, item, second) and return its path."""
    path.mkdir(parents=True)
    columns = {"EVENT_TYPE": "View", "EVENT_VALUE": None}
    write_interactions(
        path,
        SCHEMA,
        [{"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": second, **columns} for user, item, second in rows],
    )
    return path


def import_rows(store, rows):
    columns = to_columns(
        {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": second, "EVENT_TYPE": "View"} for user, item, second in rows
    )
    numbers = store.number_users(columns.user_ids), store.number_items(columns.item_ids)
    store.set_imported(store.number_import(columns, *numbers).sorted())


async def train_and_export(directory, records, imported=()):
    """Store events, and return the users by item of a training, and of an export of streamed data."""
    group = await DatasetGroup.open(directory / "group", {})
    if imported:
        part_of(group.part_path("part"), imported)
        await group.load_parts(INTERACTIONS, ["part"])
    for record in records:
        await group.store_events([record])
    (directory / "job").mkdir()
    copy_input(group)(directory / "job")
    trained = read_input(directory / "job").columns
    parts = [group.part_path("part")] if imported else []
    log = LogReader(await group.log_segments(), growing=True)
    exported = {
        mode: {row["ITEM_ID"]: row["USER_ID"] for row in read_rows_to_export(SCHEMA, mode, parts, log)}
        for mode in (PUT, BULK, ALL)
    }
    await group.close()
    return trained, exported


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_events_are_served_with_their_users_in_order_of_arrival(case):
    store = store_of(forwarded(case.rows))

    assert owners_by_item(store.snapshot()()) == expected(forwarded(case.rows), "served_owner")
    for item, user in expected(forwarded(case.rows), "served_owner").items():
        assert item in store.history(user)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_events_are_trained_on_and_exported_with_their_users_in_order_of_time(case, tmp_path):
    records = [record_of(row) for row in forwarded(case.rows)]

    trained, exported = asyncio.run(train_and_export(tmp_path, records))

    assert owners_by_item(trained[INTERACTIONS]) == expected(forwarded(case.rows), "owner")
    assert exported[PUT] == expected(forwarded(case.rows), "owner")


@ON_DISK
@given(rows=ROWS)
def test_the_users_in_order_of_time_and_of_arrival_are_those_of_the_rule(rows, tmp_path_factory):
    sent = forwarded(rows)
    by_time = in_time_order(event_of(row) for row in rows)
    owners = dict(zip((event.event_id for event in by_time), find_owners(by_time), strict=True))
    served = {
        row.event_id: owner for row, owner in zip(sent, find_owners([event_of(row) for row in sent]), strict=True)
    }
    items = {f"item-{row.event_id}": row.event_id for row in sent if row.event_type != "Search"}

    records = [record_of(row) for row in sent]
    trained, exported = asyncio.run(train_and_export(tmp_path_factory.mktemp("identity"), records))

    assert owners_by_item(trained[INTERACTIONS]) == {item: owners[event_id] for item, event_id in items.items()}
    assert exported[PUT] == owners_by_item(trained[INTERACTIONS])
    assert owners_by_item(store_of(sent).snapshot()()) == {item: served[event_id] for item, event_id in items.items()}


def test_action_interactions_have_their_users_too(tmp_path):
    rows = [Row("a", 1, "ann", "s", ""), Row("c", 3, "bob", "s", ""), Row("b", 2, None, "s", "")]

    trained, _ = asyncio.run(train_and_export(tmp_path, [record_of(row, ActionRecord) for row in rows]))

    assert owners_by_item(trained[ACTION_INTERACTIONS]) == {"item-a": "ann", "item-b": "ann", "item-c": "bob"}


def test_a_training_reads_no_more_of_the_log_than_memory_had(tmp_path):
    async def train():
        group = await DatasetGroup.open(tmp_path / "group", {})
        await group.store_events([record_of(Row("a", 1, "ann", "s", "")), record_of(Row("b", 2, "bob", "s", ""))])
        write = copy_input(group)
        await group.store_events([record_of(Row("c", 3, "eve", "s", ""))])
        (tmp_path / "job").mkdir()
        write(tmp_path / "job")
        await group.close()
        return read_input(tmp_path / "job").columns[INTERACTIONS]

    assert owners_by_item(asyncio.run(train())) == {"item-a": "ann", "item-b": "bob"}


@pytest.mark.parametrize("import_first", [True, False])
def test_imported_events_of_a_session_become_its_users_at_the_log_in(import_first):
    store, imported = InteractionStore(), [("session#s", "old", 1), ("session#t", "other", 1), ("ann", "own", 0)]
    if import_first:
        import_rows(store, imported)
        assert store.history("session#s") == ["old"]
    position = store.add(record_of(Row("new", 2, "ann", "s", ""))) or 0
    if not import_first:
        import_rows(store, imported)

    assert store.history("ann") == ["item-new", "old", "own"]
    assert store.history("session#s") == []
    assert store.history("session#t") == ["other"]
    assert store.items_by_event_type("ann") == {"view": {"item-new", "old", "own"}}
    assert store.users_with(lambda kind: kind == "view") == ["ann", "session#t"]
    assert owners_by_item(store.snapshot()()) == {"item-new": "ann", "old": "ann", "own": "ann", "other": "session#t"}
    assert next(store.with_histories([position])).previous == ["old", "own"]
    # When the next data sets name the user, the session is unknown.
    import_rows(store, [("ann", "old", 1), ("ann", "own", 0)])
    assert store.history("ann") == ["item-new", "old", "own"]


def test_an_imported_user_with_the_id_of_another_form_of_session_stays_a_user():
    store = InteractionStore()
    import_rows(store, [("17", "old", 1)])
    store.add(EventRecord("e", "ann", "17", "View", "new", 2))

    assert store.history("ann") == ["new"]
    assert store.history("17") == ["old"]


def test_imported_and_streamed_events_of_an_anonymous_session_are_trained_on_as_those_of_one_user():
    store = store_of([Row("new", 2, None, "s", "")])
    import_rows(store, [("session#s", "old", 1)])

    columns = store.snapshot()()

    assert len(set(columns.users.tolist())) == 1
    assert owners_by_item(columns) == {"item-new": "session#s", "old": "session#s"}


def test_imported_events_of_a_session_with_several_users_are_the_first_ones_by_time(tmp_path):
    rows = [Row("c", 4, "bob", "s", ""), Row("b", 2, "ann", "s", "")]
    imported = [("session#s", "old", 1), ("eve", "own", 0)]

    trained, exported = asyncio.run(train_and_export(tmp_path, [record_of(row) for row in rows], imported))

    assert owners_by_item(trained[INTERACTIONS]) == {"old": "ann", "own": "eve", "item-b": "ann", "item-c": "bob"}
    assert exported[ALL] == owners_by_item(trained[INTERACTIONS])
    assert exported[BULK] == {"old": "session#s", "own": "eve"}
    assert set(exported[PUT]) == {"item-b", "item-c"}


def test_who_was_identified_first_is_known_after_a_restart(tmp_path):
    async def restart():
        group = await DatasetGroup.open(tmp_path, {})
        await group.store_events([record_of(Row("a", 1, "ann", "s", "")), record_of(Row("b", 2, "bob", "s", ""))])
        await group.checkpoint()
        await group.close()
        part_of(tmp_path / "bulk" / "part", [("session#s", "old", 0)])
        group = await DatasetGroup.open(tmp_path, {INTERACTIONS: ["part"]})
        histories = group.interactions.history("ann"), group.interactions.has_shared_sessions
        await group.close()
        return histories

    assert asyncio.run(restart()) == (["item-a", "old"], True)


async def erase_ann(directory, rows, imported):
    """Store events, erase ann as a data deletion job does; return memory, and the group that a restart opens."""
    group = await DatasetGroup.open(directory / "group", {})
    part_of(group.part_path("part"), imported)
    await group.load_parts(INTERACTIONS, ["part"])
    for row in rows:
        await group.store_events([record_of(row)])
    erased = Erased()
    erase_from_log({"ann"}, await group.log_segments(closed=True), directory / "new", erased)
    await group.erase_users(sorted(erased.users), erased.positions, directory / "new")
    memory = group.interactions
    await group.close()
    opened = await DatasetGroup.open(directory / "group", {})
    await opened.close()
    return memory, opened.interactions, erased


@ON_DISK
@given(rows=ROWS)
def test_a_deleted_user_loses_the_events_of_either_order_and_positions_stay(rows, tmp_path_factory):
    sent = forwarded(rows)
    by_time = in_time_order(event_of(row) for row in rows)
    owners = dict(zip((event.event_id for event in by_time), find_owners(by_time), strict=True))
    served = find_owners([event_of(row) for row in sent])
    left = {
        f"item-{row.event_id}"
        for row, owner in zip(sent, served, strict=True)
        if row.event_type != "Search" and "ann" not in {owner, owners[row.event_id]}
    }

    directory = tmp_path_factory.mktemp("erase")
    memory, opened, _ = asyncio.run(erase_ann(directory, sent, [("eve", "imported", 0)]))

    assert set(owners_by_item(memory.snapshot()())) == left | {"imported"}
    assert set(owners_by_item(opened.snapshot()())) == left
    assert opened.streamed_count == memory.streamed_count
    for user in ("bob", "eve"):
        streamed = [item for item in memory.history(user) if item != "imported"]
        assert streamed == opened.history(user)
    assert memory.history("ann") == opened.history("ann") == []


def test_imported_events_of_a_deleted_users_session_are_erased_by_the_name_of_the_session(tmp_path):
    rows = [Row("b", 2, "ann", "s", ""), Row("c", 3, "bob", "t", "")]
    imported = [("session#s", "old", 1), ("session#t", "kept", 1)]

    memory, _, erased = asyncio.run(erase_ann(tmp_path, rows, imported))

    assert erased.users == {"ann", "session#s"}
    assert memory.history("ann") == memory.history("session#s") == []
    assert memory.history("bob") == ["item-c", "kept"]
    assert len(list(read_interactions(tmp_path / "group/bulk/part", INTERACTIONS))) == 2
