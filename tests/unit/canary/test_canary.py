"""The canary passes only where health, the contract and recommendations are right, and leaves no data behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from backend.canary import handler as entry
from backend.canary.probe import Api, ProbeError, probe
from backend.contract.generated.structs import Event
from backend.contract.reading import read_events
from tests.fakes.functions.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
RIGHT: dict[str, tuple[int, Any]] = {
    "/health": (200, {"status": "ready"}),
    "/events": (202, {"accepted": 0, "suppressed": 1}),
    "/popular": (200, {"items": [{"item_id": "a"}]}),
}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway(dict(RIGHT)) as served:
        yield served


def test_right_answers_pass(gateway: Gateway) -> None:
    probe(Api(gateway.url, "secret"), NOW, asks_recommendations=True)

    assert [path for path, _, _ in gateway.calls] == ["/health", "/events", "/popular"]
    assert {key for _, key, _ in gateway.calls} == {"secret"}


def test_without_campaigns_no_recommendation_is_asked_for(gateway: Gateway) -> None:
    probe(Api(gateway.url, "secret"), NOW, asks_recommendations=False)

    assert [path for path, _, _ in gateway.calls] == ["/health", "/events"]


def test_its_event_keeps_the_contract_and_denies_consent(gateway: Gateway) -> None:
    probe(Api(gateway.url, "secret"), NOW, asks_recommendations=False)

    _, _, body = gateway.calls[1]
    (event,) = read_events(body, now=NOW)
    assert isinstance(event, Event)
    assert event.consent == "denied"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/health", (503, {"status": "degraded"})),
        ("/events", (403, {"error": {}})),
        ("/events", (202, {"accepted": 1, "suppressed": 0})),
        ("/events", (202, [])),
        ("/popular", (503, {})),
        ("/popular", (200, {"items": []})),
        ("/popular", (200, None)),
    ],
)
def test_a_wrong_answer_fails_with_the_call(gateway: Gateway, path: str, answer: tuple[int, Any]) -> None:
    gateway.answers[path] = answer

    with pytest.raises(ProbeError, match=path):
        probe(Api(gateway.url, "secret"), NOW, asks_recommendations=True)


def test_an_api_that_does_not_answer_fails() -> None:
    with pytest.raises(ProbeError, match="does not answer"):
        probe(Api("http://127.0.0.1:9", "secret"), NOW, asks_recommendations=True)


@pytest.mark.parametrize(("health", "passed"), [(200, True), (503, False)])
def test_only_a_success_is_counted(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], health: int, passed: bool
) -> None:
    gateway.answers["/health"] = (health, {})
    monkeypatch.setenv("ASKS_RECOMMENDATIONS", "true")
    monkeypatch.setattr(entry, "_api", lambda: Api(gateway.url, "secret"))

    if passed:
        entry.handler({}, None)
    else:
        with pytest.raises(ProbeError):
            entry.handler({}, None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [line for line in lines if "passed" in line] == ([lines[-1]] if passed else [])
