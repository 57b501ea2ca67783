"""The way of a request through the service, where its limits are, and what is logged of it."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from model.engine.access.authentication import AnyoneOnLoopback, HoldersOfKeys, Key
from model.engine.http import service
from model.engine.http.faults import Faults
from model.engine.http.messages import Bodies
from model.engine.monitoring.logs import REFUSALS_A_SECOND, Refusals
from model.engine.monitoring.metrics import Counts
from model.engine.operations.registry import HANDLERS
from model.engine.personalize import limits
from model.engine.personalize.arns import Caller
from model.engine.personalize.errors import ServiceUnavailableError
from tests.factories.signed_requests import KEY_ID, SECRET, signed_head

CALLER = Caller("0" * 12, "eu-central-1")


def request(operation="ListSchemas", parts=(b"{}",)):
    """Return the scope of a request, and what receives its body piece by piece."""
    headers = [(b"host", b"127.0.0.1"), (b"x-amz-target", b"AmazonPersonalize." + operation.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": headers}
    left = list(parts)

    async def receive():
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    return scope, receive


class Asked:
    """A service and what it has answered."""

    def __init__(self, door=None):
        self.engine = cast("Any", SimpleNamespace(counts=Counts()))
        self.service = service.Service(self.engine, door or AnyoneOnLoopback(CALLER), Faults())
        self.status, self.headers, self.document = 0, {}, {}

    async def ask(self, scope, receive):
        sent = []

        async def send(message):
            sent.append(message)

        await self.service.operate(scope, receive, send)
        self.status, self.headers = sent[0]["status"], dict(sent[0]["headers"])
        self.document = json.loads(sent[1]["body"])
        return self


@pytest.fixture
def handled(monkeypatch):
    """Let ListSchemas be done by what a test says."""

    def use(handler):
        monkeypatch.setitem(HANDLERS, "ListSchemas", handler)

    use(lambda *_: {"schemas": []})
    return use


def test_a_request_is_answered_and_has_an_id(handled):
    asked = asyncio.run(Asked().ask(*request()))

    assert (asked.status, asked.document) == (200, {"schemas": []})
    assert len(asked.headers[b"x-amzn-requestid"]) == 36
    assert b"connection" not in asked.headers


def test_an_internal_error_is_answered_and_logged_without_its_message(handled, capsys):
    def fail(*_):
        raise ValueError("user 4711")

    handled(fail)

    asked = asyncio.run(Asked().ask(*request()))

    logged = capsys.readouterr().out
    assert (asked.status, asked.document["__type"]) == (500, "InternalFailure")
    assert "4711" not in logged + str(asked.document)
    assert '"error": "ValueError"' in logged
    assert "test_service.py" in logged


def test_an_operation_that_takes_too_long_is_answered_503_and_continues(handled, monkeypatch):
    monkeypatch.setattr(limits, "HANDLING_SECONDS", 0.01)
    done = []

    async def slow(*_):
        await asyncio.sleep(0.05)
        done.append(True)
        return {"schemas": []}

    async def story():
        asked = await Asked().ask(*request())
        assert done == []
        await asyncio.sleep(0.1)
        return asked

    handled(slow)
    asked = asyncio.run(story())

    assert (asked.status, asked.document["__type"]) == (503, "ServiceUnavailable")
    assert done == [True]


def test_so_many_requests_at_once_and_no_more(handled, monkeypatch):
    monkeypatch.setattr(limits, "REQUESTS_AT_ONCE", 2)

    async def story():
        free = asyncio.Event()

        async def wait(*_):
            await free.wait()
            return {"schemas": []}

        handled(wait)
        one = Asked()
        waiting = [asyncio.create_task(one.ask(*request())) for _ in range(2)]
        await asyncio.sleep(0.01)
        refused = Asked()
        refused.service = one.service
        await refused.ask(*request())
        free.set()
        await asyncio.gather(*waiting)
        return one, refused

    one, refused = asyncio.run(story())

    assert (refused.status, refused.document["__type"]) == (400, "ThrottlingException")
    assert one.status == 200
    assert one.engine.counts.in_progress == 0


def test_a_body_in_pieces_is_put_together_and_one_that_is_too_large_ends_the_connection(handled):
    seen = []

    def see(_engine, _caller, asked):
        seen.append(asked)
        return {"schemas": []}

    handled(see)

    asyncio.run(Asked().ask(*request(parts=(b'{"maxRes', b'ults": 5', b"}"))))
    half = bytes(limits.BODY_BYTES // 2)
    asked = asyncio.run(Asked().ask(*request(parts=(half, half, b"x", b"y"))))

    assert seen == [{"maxResults": 5}]
    assert (asked.status, asked.headers[b"connection"]) == (413, b"close")


def test_all_bodies_that_arrive_have_one_bound(monkeypatch):
    monkeypatch.setattr(limits, "BODIES_BYTES", 10)

    async def story():
        bodies, gate = Bodies(), asyncio.Event()

        async def slow():
            if gate.is_set():
                return {"type": "http.request", "body": b"", "more_body": False}
            gate.set()
            return {"type": "http.request", "body": bytes(8), "more_body": True}

        async def other():
            return {"type": "http.request", "body": bytes(8), "more_body": True}

        assert len(await bodies.read(slow)) == 8
        with pytest.raises(ServiceUnavailableError, match="too much is being sent"):
            await bodies.read(other)
        gate.clear()
        assert len(await bodies.read(slow)) == 8

    asyncio.run(story())


def test_a_refused_change_may_be_repeated_at_once_and_a_replay_stays_refused(handled):
    # Given a change that is refused at first, as one whose resource is in use
    outcomes = [ServiceUnavailableError("later"), None]

    def change(*_):
        error = outcomes.pop(0)
        if error:
            raise error
        return {"schemas": []}

    handled(change)
    body = b"{}"
    head = signed_head(
        body=body, headers={"X-Amz-Target": "AmazonPersonalize.ListSchemas", "amz-sdk-invocation-id": "1"}
    )
    asked = Asked(HoldersOfKeys({KEY_ID: Key(SECRET, "1" * 12)}, 0))

    # When the same signed request comes three times
    names = []
    for _ in range(4):
        scope, receive = request(parts=(body,))
        asyncio.run(asked.ask({**scope, "headers": list(head.headers)}, receive))
        names.append(asked.document.get("__type"))

    # Then it is done once, and neither before nor after does a refusal of the replay free it
    assert names == ["ServiceUnavailable", None, "InvalidSignatureException", "InvalidSignatureException"]


def test_refusals_are_logged_so_many_a_second_and_the_others_counted(capsys):
    refusals = Refusals()
    for _ in range(REFUSALS_A_SECOND + 7):
        refusals.log(1.5, error="E")
    refusals.log(2.5, error="E")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines].count("refused") == REFUSALS_A_SECOND + 1
    assert [line["count"] for line in lines if line["event"] == "refused-more"] == [7]
    assert {line["level"] for line in lines} == {"warning"}
