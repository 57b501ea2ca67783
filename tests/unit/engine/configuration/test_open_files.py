"""Connections leave room for the files of the state, however few files a process may open."""

from __future__ import annotations

import resource

import pytest

from model.engine.__main__ import allow_connections
from model.engine.personalize import limits


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "raised"),
    [
        (1024, 1_048_576, limits.CONNECTIONS, limits.CONNECTIONS + limits.FILES),
        (256, resource.RLIM_INFINITY, limits.CONNECTIONS, limits.CONNECTIONS + limits.FILES),
        (8192, 8192, limits.CONNECTIONS, None),
        (400, 400, 400 - limits.FILES, 400),
    ],
)
def test_connections_are_as_many_as_open_files_allow(monkeypatch, soft, hard, connections, raised):
    given = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, both: given.append(both))

    assert allow_connections() == connections
    assert given == ([(raised, hard)] if raised else [])
