from __future__ import annotations

import pytest

from backend.client.delivery import pauses


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(pauses, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(pauses, "LONGEST_PAUSE_SECONDS", 0.01)
