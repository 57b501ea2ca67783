"""The supervisor goes on when the cloud does not answer as it should."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from deployment.workers.supervisor import Supervisor


def test_an_answer_without_its_members_is_waited_for(monkeypatch, caplog):
    stop = threading.Event()
    answers: list[dict[str, Any]] = [{}, {"EventSourceMappings": []}]

    def list_mappings() -> dict[str, Any]:
        if len(answers) == 1:
            stop.set()
        return answers.pop(0)

    monkeypatch.setattr("deployment.workers.supervisor.RECONCILE_SECONDS", 0.01)
    monkeypatch.setattr(Supervisor, "_deliveries", lambda _: [])
    clients = SimpleNamespace(functions=SimpleNamespace(list_event_source_mappings=list_mappings))

    Supervisor(clients, SimpleNamespace()).run(stop)  # type: ignore[arg-type]

    assert answers == []
    assert [record.message for record in caplog.records] == ["cloud_not_reached", "cloud_reached"]
