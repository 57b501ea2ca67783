from __future__ import annotations

import pytest

from backend.client.delivery import pauses
from tests.fakes.client.events_api import EventsApi, serving


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(pauses, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(pauses, "LONGEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(pauses, "HOLD_SECONDS", 0.01)
    monkeypatch.setattr(pauses, "FLUSHED_HOLD_SECONDS", 0.01)


@pytest.fixture
def api():
    return EventsApi()


@pytest.fixture
def url(api):
    with serving(api) as url:
        yield url
