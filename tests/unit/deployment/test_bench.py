"""The command that measures: rows of different columns make tables of their own, and parts can be asked for."""

from __future__ import annotations

import json
import sys
import types

import pytest
from rich.console import Console

from deployment import bench


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """A bench with two parts; what was asked of it."""
    asked = []

    def run(*parts):
        asked.append(parts)
        return [{"data": "shop", "hr@10": 0.25}, {"data": "mall", "hr@10": 0.5}, {"recipe": "popular", "p99": 1234.0}]

    made = types.ModuleType("bench_fake")
    made.__dict__.update(run=run, PARTS=("shop", "speed"))
    monkeypatch.setitem(sys.modules, "tests.load.bench_fake", made)
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    return asked


def measured(wanted):
    console = Console(width=100)
    with console.capture() as printed:
        bench.measure(wanted, console)
    return printed.get()


def test_rows_with_other_columns_begin_a_table_of_their_own(asked, tmp_path):
    printed = measured("fake")

    assert asked == [()]
    assert printed.count("fake (load") == 2
    assert "0.25" in printed
    assert "1,234" in printed
    assert len(json.loads((tmp_path / "fake.json").read_text())["rows"]) == 3


def test_parts_of_a_bench_can_be_asked_for(asked):
    measured("fake:shop,speed")

    assert asked == [("shop", "speed")]


def test_a_part_that_a_bench_does_not_have_is_named_with_those_that_it_has(asked):
    with pytest.raises(SystemExit, match="fake has no part moon; it has shop, speed"):
        measured("fake:moon")

    assert not asked
