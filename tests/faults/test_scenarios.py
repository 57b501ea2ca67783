"""Whatever fails, no event is lost, doubled, stuck or unaccounted for; and the account finds each of these."""

from __future__ import annotations

import pytest

from tests.fakes.faults import client_error
from tests.faults.accounting import Account, audit
from tests.faults.scenarios import SCENARIOS, Run, events, everything_at_random, play, refused
from tests.faults.world import World

NOTHING_WRONG = (0, 0, 0, 0)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_ends_with_nothing_wrong(name: str) -> None:
    run, account = play(name)

    assert account.figures == NOTHING_WRONG
    assert audit(run.world).unaccounted == 0


@pytest.mark.parametrize("seed", range(2, 12))
def test_faults_at_a_fifth_of_all_calls_end_with_nothing_wrong(seed: int) -> None:
    run = Run.start()
    everything_at_random(run, seed)
    run.settle()

    assert run.account().figures == NOTHING_WRONG


def _run_with_all_kinds(world: World) -> Run:
    """Post good, refused and denied events in few requests, while S3 refuses one object, and one event is poison."""
    run = Run.start(world)
    run.post(events(6, users=2), size=3)
    world.tracker.errors["e-101"] = client_error("InvalidInputException", 400)
    run.ledger.poison.add("e-101")
    run.post([event for event in events(3, users=1, first=100) if event["event_id"] != "e-101"])
    world.post(*[event for event in events(3, users=1, first=100) if event["event_id"] == "e-101"])
    refused(run)
    return run


def _steps() -> int:
    world = World()
    run = _run_with_all_kinds(world)
    run.settle()
    assert run.account().figures == NOTHING_WRONG
    return world.steps.count


@pytest.mark.parametrize("is_accepted", [False, True], ids=["before", "after"])
def test_a_function_may_be_killed_at_each_call(is_accepted: bool) -> None:
    wrong = {}
    for number in range(1, _steps() + 1):
        world = World()
        world.steps.kill(number, is_accepted=is_accepted)
        run = _run_with_all_kinds(world)
        run.settle()
        if run.account().figures != NOTHING_WRONG:
            wrong[number] = run.account()
    assert wrong == {}


def _settled() -> Run:
    run = Run.start()
    run.post(events(10))
    refused(run)
    run.settle()
    return run


def _lose_an_event(run: Run) -> None:
    run.world.dynamodb.items["history"].popitem()


def _lose_bad_rows(run: Run) -> None:
    objects = run.world.s3.objects
    del objects[next(name for name, body in objects.items() if name[0] == "bad-rows" and b'"bad-0-1"' in body)]


def _send_a_refused_event(run: Run) -> None:
    run.world.tracker.calls.append(("u-1", "s", [{"eventId": "bad-0-1", "sentAt": 1}]))


def _send_an_event_twice_with_other_times(run: Run) -> None:
    run.world.tracker.calls.append(("u-1", "s", [{"eventId": "e-1", "sentAt": 1}]))


def _leave_a_message(run: Run) -> None:
    run.world.queue.messages["m"] = "{}"


def _leave_a_record(run: Run) -> None:
    run.world.stream.append("u", b"{}")


def _count_wrongly(run: Run) -> None:
    run.world.counts["lake"]["unaccounted"] -= 1


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (_lose_an_event, Account(1, 0, 0, 0)),
        (_lose_bad_rows, Account(1, 0, 0, 0)),
        (_send_a_refused_event, Account(0, 2, 0, 0)),
        (_send_an_event_twice_with_other_times, Account(0, 1, 0, 0)),
        (_leave_a_message, Account(0, 0, 1, 0)),
        (_leave_a_record, Account(0, 0, 1, 0)),
        (_count_wrongly, Account(0, 0, 0, 1)),
    ],
)
def test_the_account_finds_what_is_wrong(damage, expected: Account) -> None:
    run = _settled()
    damage(run)

    assert run.account() == expected
