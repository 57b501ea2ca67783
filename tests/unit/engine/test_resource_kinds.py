"""The kinds of resources: each is handled in full, and read as earlier engines have stored it."""

from __future__ import annotations

import sqlite3

import pytest

from model.engine.http.wire import operations
from model.engine.operations.registry import HANDLERS, RESOURCE_KINDS
from model.engine.storage.control_plane.kinds import (
    DATASET,
    KINDS,
    RECOMMENDER,
    SOLUTION_VERSION,
    DatasetInternals,
    RecommenderInternals,
    SolutionVersionInternals,
)
from model.engine.storage.control_plane.resources import Resource, Resources

TAGS = [{"tagKey": "team", "tagValue": "shop"}]
STORED = [
    (DATASET, '{"parts": ["a", "b"], "tags": []}', DatasetInternals(parts=["a", "b"])),
    (
        SOLUTION_VERSION,
        (
            '{"id": "7", "excluded": {"ITEMS": ["PRICE"]}, "streamed": 3, "trained_at": 5.5, "data": [["a"], 3, 0], '
            '"metrics": {"coverage": 0.5}, "settings": {"decay": 0.1, "blend": true}, "tuned": {"bptt": "20"}, '
            '"tags": [{"tagKey": "team", "tagValue": "shop"}]}'
        ),
        SolutionVersionInternals(
            id="7",
            excluded={"ITEMS": ["PRICE"]},
            streamed=3,
            trained_at=5.5,
            data=[["a"], 3, 0],
            metrics={"coverage": 0.5},
            settings={"decay": 0.1, "blend": True},
            tuned={"bptt": "20"},
            tags=TAGS,
        ),
    ),
    (RECOMMENDER, '{"id": "7", "tags": []}', RecommenderInternals(id="7")),
]


def test_every_kind_is_handled():
    assert sorted(kind.kind.name for kind in RESOURCE_KINDS) == sorted(KINDS)
    assert HANDLERS.keys() == operations().keys()


@pytest.mark.parametrize("kind", RESOURCE_KINDS, ids=lambda kind: kind.kind.name)
def test_a_creation_or_deletion_that_takes_time_is_resumed(kind):
    deletes = any(name.startswith("Delete") for name in kind.operations)
    immediate = kind.kind.name == "schema"

    assert (kind.resume_deletion is not None) == (deletes and not immediate)
    assert (kind.resume_creation is not None) == (not immediate)
    assert (kind.resume_update is not None) == any(
        name.startswith("Update") and name != "UpdateMetricAttribution" for name in kind.operations
    )


@pytest.mark.parametrize(("kind", "text", "internals"), STORED, ids=lambda value: getattr(value, "name", None))
def test_internals_are_read_as_earlier_engines_have_stored_them(tmp_path, kind, text, internals):
    path = tmp_path / "control.sqlite"
    Resources(path).close()
    with sqlite3.connect(path) as database:
        row = ("arn:1", kind.name, '{"status": "ACTIVE"}', text)
        database.execute("INSERT INTO resources (arn, kind, document, private) VALUES (?, ?, ?, ?)", row)

    resources = Resources(path)

    assert resources.find(kind, "arn:1").internals == internals
    assert resources.all() == [Resource("arn:1", kind, {"status": "ACTIVE"}, internals)]
    resources.close()
