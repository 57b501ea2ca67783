"""Checkpoints: a start from a checkpoint restores the same data as a replay of the whole log."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.datasets.dataset_types import INTERACTIONS, ITEMS
from model.engine.storage import checkpoint, dataset_group
from model.engine.storage.checkpoint import FILE
from model.engine.storage.dataset_group import DatasetGroup
from model.engine.storage.event_ids import EventIds, digest
from model.engine.storage.event_log.records import ActionRecord, EventRecord, RowRecord

USERS, SESSIONS, THINGS = "abc", "st", "ijkl"
EVENT = st.builds(
    lambda kind, number, user, session, item, moment, device: kind(
        f"e{number}", user, session, "View", item, moment, 0.5, context=device and {"DEVICE": device}
    ),
    st.sampled_from([EventRecord, ActionRecord]),
    st.integers(0, 60),
    st.sampled_from([*USERS, None]),
    st.sampled_from(SESSIONS),
    st.sampled_from([*THINGS, None]),
    st.integers(0, 9),
    st.sampled_from(["phone", "desk", None]),
)
ROW = st.builds(
    lambda row_id, price: RowRecord(ITEMS, row_id, {"PRICE": price}), st.sampled_from(THINGS), st.floats(0, 9)
)
STEP = st.one_of(EVENT, EVENT, EVENT, ROW, st.just("checkpoint"), st.just("end"))


async def do(group, step):
    if step == "checkpoint":
        await group.checkpoint()
    elif step == "end":
        await group.delete_dataset(INTERACTIONS)
    elif isinstance(step, RowRecord):
        await group.store_rows([step])
    else:
        await group.store_events([step])


def held(group):
    """All that can be asked of a group."""
    columns = []
    for store in (group.interactions, group.action_interactions):
        found = store.snapshot()()
        columns.append(
            sorted(
                (
                    found.user_ids[user],
                    found.item_ids[item],
                    moment,
                    *(column.codes[place] for column in found.context.values()),
                )
                for place, (user, item, moment) in enumerate(
                    zip(found.users.tolist(), found.items.tolist(), found.times.tolist(), strict=True)
                )
            )
        )
    names = [*USERS, *SESSIONS]
    return (
        columns,
        [
            [store.history(name), store.items_by_event_type(name)]
            for store in (group.interactions, group.action_interactions)
            for name in names
        ],
        [store.streamed_count for store in (group.interactions, group.action_interactions)],
        dict(group.rows[ITEMS].all()),
        [digest(f"e{number}") in group.event_ids for number in range(61)],
        len(group.event_ids),
    )


async def reopened(directory):
    group = await DatasetGroup.open(directory, {})
    found = held(group)
    await group.close()
    return found


@settings(max_examples=60)
@given(steps=st.lists(STEP, max_size=25), later=st.lists(STEP, max_size=8))
def test_starts_from_a_checkpoint_and_from_the_log_restore_the_same_data(steps, later):
    async def go(directory, *runs, keep=True):
        for run in runs:
            if not keep:
                (directory / FILE).unlink(missing_ok=True)
            group = await DatasetGroup.open(directory, {})
            for step in run:
                await do(group, step)
            found = held(group)
            await group.close()
        return found

    with TemporaryDirectory() as name:
        never_stopped = asyncio.run(go(Path(name) / "a", [*steps, *later]))
        assert asyncio.run(go(Path(name) / "b", steps, later, [])) == never_stopped
        assert asyncio.run(go(Path(name) / "c", steps, later, [], keep=False)) == never_stopped


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_an_unusable_checkpoint_is_ignored(tmp_path, damage):
    async def fill(directory, count):
        group = await DatasetGroup.open(directory, {})
        for number in range(count):
            await group.store_events([EventRecord(f"e{number}", "a", "s", "View", f"i{number}", number)])
        await group.checkpoint()
        before = held(group)
        await group.close()
        return before

    before = asyncio.run(fill(tmp_path / "group", 5))
    path = tmp_path / "group" / FILE
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    path.write_bytes({"cut": whole[:middle], "flipped": flipped, "empty": b""}[damage])

    assert asyncio.run(reopened(tmp_path / "group")) == before


def test_of_a_checkpoint_of_the_earlier_version_the_ids_are_used_and_the_log_is_replayed(tmp_path, monkeypatch):
    async def fill():
        group = await DatasetGroup.open(tmp_path, {})
        await group.store_events([EventRecord(f"e{user}", user, "s", "View", "i", 1) for user in USERS])
        group.event_ids.add(digest("of an erased user"))
        await group.checkpoint()
        await group.close()
        return held(group)

    with monkeypatch.context() as earlier:
        earlier.setattr(checkpoint, "VERSION", checkpoint.ONLY_IDS)
        before = asyncio.run(fill())
    opened = asyncio.run(DatasetGroup.open(tmp_path, {}))

    assert held(opened) == before
    assert digest("of an erased user") in opened.event_ids
    assert opened.interactions.has_shared_sessions


def test_events_that_arrive_during_a_checkpoint_are_stored_once(tmp_path):
    async def check():
        group = await DatasetGroup.open(tmp_path, {})

        def events(start):
            return [
                EventRecord(f"e{start + number}", "a", f"s{start}", "View", "i", start + number) for number in range(9)
            ]

        await group.store_events(events(0))
        writing = asyncio.create_task(group.checkpoint())
        for start in range(0, 30, 3):
            await group.store_events(events(start))
        await writing
        before = held(group)
        await group.close()
        return before

    before = asyncio.run(check())

    assert before[2][0] == before[5] == 36
    assert asyncio.run(reopened(tmp_path)) == before


@given(batches=st.lists(st.lists(st.text(max_size=3), max_size=12), max_size=5), asked=st.lists(st.text(max_size=3)))
def test_packed_ids_are_a_set(batches, asked):
    ids = EventIds()
    wanted: set[str] = set()
    for batch in batches:
        for name in set(batch) - wanted:
            ids.add(digest(name))
        wanted |= set(batch)
        ids.use(ids.start_packing()())

    assert len(ids) == len(wanted)
    assert all((digest(name) in ids) == (name in wanted) for name in [*asked, *wanted])


def test_ids_differ_if_any_part_of_their_digests_does():
    alike = [b"a" * 8 + bytes(7) + bytes([place]) for place in range(4)]
    ids = EventIds()
    for known_by in alike[:3]:
        ids.add(known_by)
    ids.use(ids.start_packing()())

    assert [known_by in ids for known_by in alike] == [True, True, True, False]


def test_a_login_after_a_start_gets_the_session_history_before_the_checkpoint(tmp_path):
    async def check():
        group = await DatasetGroup.open(tmp_path, {})
        await group.store_events([EventRecord("1", None, "s", "View", "i", 1)])
        await group.checkpoint()
        await group.close()
        group = await DatasetGroup.open(tmp_path, {})
        await group.store_events([EventRecord("2", "a", "s", "View", "j", 2)])
        history = group.interactions.history("a")
        await group.close()
        return history

    assert asyncio.run(check()) == ["j", "i"]


def test_a_failed_checkpoint_loses_no_events(tmp_path, monkeypatch):
    tried = []

    def refuse(directory, checkpoint):
        tried.append(checkpoint.position)
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(dataset_group, "CHECKPOINT_BYTES", 2000)
    monkeypatch.setattr(dataset_group, "write_checkpoint", refuse)

    async def check():
        group = await DatasetGroup.open(tmp_path, {})
        for number in range(60):
            await group.store_events([EventRecord(f"e{number}", "a", "s", "View", f"i{number}", number)])
            if group._checkpointing is not None:
                await asyncio.wait([group._checkpointing])
        before = held(group)
        await group.close()
        return before

    before = asyncio.run(check())

    assert 1 < len(tried) < 10
    assert before[5] == 60
    assert asyncio.run(reopened(tmp_path)) == before
