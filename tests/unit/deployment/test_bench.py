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


@pytest.fixture
def two(monkeypatch, tmp_path):
    """Two benches: of the first, one measurement fails and then it breaks off; the second is well."""

    def breaks_off():
        yield {"recipe": "popular", "p99": 1.5}
        yield {"recipe": "similar", bench.FAILED: "MemoryError: no room"}
        yield {"recipe": "personal", "p99": 2.5}
        raise ConnectionError("the engine is gone")

    for name, run in (("first", breaks_off), ("second", lambda: [{"recipe": "popular", "p99": 3.5}])):
        made = types.ModuleType(f"bench_{name}")
        made.__dict__.update(run=run)
        monkeypatch.setitem(sys.modules, f"tests.load.bench_{name}", made)
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    monkeypatch.setattr(bench, "names", lambda: ["first", "second"])
    return tmp_path


def test_what_fails_is_told_kept_beside_the_rest_and_fails_the_command_at_its_end(two, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench"])

    assert bench.main() == 1
    said = capsys.readouterr()
    assert "ConnectionError: the engine is gone" in said.out
    assert "Traceback" in said.err
    assert said.out.count("first (load") == 3, "one table of what was measured, one of each kind of failure"
    assert "3.5" in said.out, "the second bench was not measured"
    kept = json.loads((two / "first.json").read_text())["rows"]
    assert [row.get("p99") for row in kept] == [1.5, None, 2.5, None]
    assert kept[-1] == {"bench": "first", "failed": "ConnectionError: the engine is gone"}


def test_the_command_succeeds_where_all_was_measured(two, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench", "second"])

    assert bench.main() == 0
