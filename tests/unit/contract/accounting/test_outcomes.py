"""The declared outcomes: each is counted, none is counted undeclared, and they add up."""

from __future__ import annotations

import ast
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from backend.collect.events import post_events
from backend.contract.accounting import outcomes
from backend.contract.accounting.outcomes import (
    COLLECT,
    FORWARD,
    LAKE,
    METERED,
    RECOMMEND,
    UPLOAD,
    Stage,
    UndeclaredOutcomeError,
)
from backend.forward import handler as forward_entry
from backend.http import BadRequestError
from backend.lake import handler as lake_entry
from backend.upload.report import Report
from tests.factories.lambda_events import CONTEXT, kinesis_record
from tests.factories.records import event_json, numbered_event
from tests.fakes.functions.forwarder import Forwarder
from tests.fakes.functions.front_door import FrontDoor, request

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKEND = Path(__file__).resolve().parents[4] / "backend"

# Functions whose first argument names what is counted.
COUNTERS = {"add_metric", "count", "_count"}


def declared(stage: Stage) -> set[str]:
    return {stage.received, *stage.outcomes, outcomes.UNACCOUNTED}


def counted_names(stage: Stage) -> Iterator[str]:
    """Yield the names that a function's source counts; the beginning of one that is put together."""
    for path in (BACKEND / stage.name).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).split(".")[-1] in COUNTERS:
                match node.args[0]:
                    case (
                        ast.Constant(value=str() as name)
                        | ast.JoinedStr(values=[ast.Constant(value=str() as name), *_])
                    ):
                        yield name


def test_outcomes_that_do_not_add_up_are_unaccounted():
    stage = Stage("tap", "received", {"kept": "", "lost": ""})
    assert stage.account({"received": 5, "kept": 3, "lost": 1})["unaccounted"] == 1


@pytest.mark.parametrize("counts", [{"received": 1, "kept": 1}, {"received": 1, "kept": 1, "lost": 0, "broken": 0}])
def test_a_missing_and_an_undeclared_outcome_are_refused(counts):
    with pytest.raises(UndeclaredOutcomeError, match="lost" if len(counts) == 2 else "broken"):
        Stage("tap", "received", {"kept": "", "lost": ""}).account(counts)


@pytest.mark.parametrize("stage", [*METERED, RECOMMEND], ids=lambda stage: stage.name)
def test_no_stage_counts_what_it_does_not_declare(stage):
    undeclared = set(counted_names(stage)) - declared(stage) - set(stage.others)
    assert undeclared == set()
    assert set(stage.others) <= set(counted_names(stage))


def test_every_declared_outcome_is_a_metric(monkeypatch, capsys):
    forwarder = Forwarder()
    monkeypatch.setattr(forward_entry, "_dependencies", lambda: forwarder.dependencies)
    forward_entry.handler({"Records": [kinesis_record(0, numbered_event(0))]}, CONTEXT)
    lake_entry.handler({"records": []}, None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    for stage, line in zip((FORWARD, LAKE), lines, strict=True):
        assert declared(stage) <= line.keys()


@pytest.mark.parametrize("body", [event_json(), b"{"])
def test_every_declared_outcome_of_collect_is_counted_for_any_body(body):
    door = FrontDoor()
    with contextlib.suppress(BadRequestError):
        post_events(request(body), door.submission())
    assert declared(COLLECT) <= door.counts.keys()


def test_the_report_of_an_upload_has_the_declared_outcomes():
    names = {field.name for field in msgspec.structs.fields(Report)}
    assert {UPLOAD.received, *UPLOAD.outcomes} <= names


def test_an_event_that_the_tracker_does_not_get_is_counted_and_not_sent():
    # Given a list that was seen, types that are no interactions by default and name no user of a session, and a search
    others = [
        numbered_event(1, event_type="Impression", item_id=None, impression=["mug"]),
        numbered_event(2, event_type="Dislike", user_id=None),
        numbered_event(4, event_type="Dislike", session_id=None),
    ]
    search = numbered_event(3, event_type="Search", item_id=None)

    forwarder = Forwarder()
    outcome = forwarder.forward(kinesis_record(0, numbered_event(0), *others, search))

    assert (outcome.forwarded, outcome.not_forwarded, outcome.unaccounted) == (2, 3, 0)
    assert forwarder.received_ids == ["e-0", "e-3"]
    assert len(forwarder.history) == 2
