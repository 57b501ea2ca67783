"""The Lambda entry: the partial batch response, and the metrics that add up."""

from __future__ import annotations

import json
from typing import Any

from backend.forward import handler as entry
from tests.unit.forward.world import World, event, record


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def invoke(world: World, monkeypatch: Any, *records: dict[str, Any]) -> Any:
    monkeypatch.setattr(entry, "_services", lambda: world.services)
    context: Any = Context()
    return entry.handler({"Records": list(records)}, context)


def test_a_batch_that_is_done_has_no_failures(monkeypatch, capsys):
    answered = invoke(World(), monkeypatch, record(0, event(0), event(0), b"{"), record(1, event(1, consent="denied")))
    assert answered == {"batchItemFailures": []}
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    counted = {name: line[name][0] for name in ("received", "forwarded", "bad", "duplicate", "suppressed", "retried")}
    assert counted == {"received": 4, "forwarded": 1, "bad": 1, "duplicate": 1, "suppressed": 1, "retried": 0}
    assert line["unaccounted"] == [0.0]
    assert line["bad_malformed_json"] == [1.0]


def test_a_batch_that_is_not_names_the_first_record_to_come_again(monkeypatch):
    world = World()
    world.parameters.value = None
    answered = invoke(world, monkeypatch, record(0, b"{"), record(1, event(0)), record(2, event(1)))
    assert answered == {"batchItemFailures": [{"itemIdentifier": f"{1:056d}"}]}
