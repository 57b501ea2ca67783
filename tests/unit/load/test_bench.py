"""The command that measures: rows of different columns make tables of their own, and parts can be selected."""

from __future__ import annotations

import json
import sys
import types

import pytest
from rich.console import Console

from tests import bench


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """The calls of a bench with two parts."""
    calls = []

    def run(*parts):
        calls.append(parts)
        return [{"data": "shop", "hr@10": 0.25}, {"data": "mall", "hr@10": 0.5}, {"recipe": "popular", "p99": 1234.0}]

    module = types.ModuleType("bench_fake")
    module.__dict__.update(run=run, PARTS=("shop", "speed"))
    monkeypatch.setitem(sys.modules, "tests.load.bench_fake", module)
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    return calls


def measured(wanted):
    console = Console(width=100)
    with console.capture() as printed:
        bench.measure(wanted, console)
    return printed.get()


def test_rows_with_other_columns_begin_a_table_of_their_own(calls, tmp_path):
    printed = measured("fake")

    assert calls == [()]
    assert printed.count("fake (load") == 2
    assert "0.25" in printed
    assert "1,234" in printed
    assert len(json.loads((tmp_path / "fake.json").read_text())["rows"]) == 3


def test_parts_of_a_bench_can_be_selected(calls):
    measured("fake:shop,speed")

    assert calls == [("shop", "speed")]


def test_a_part_that_a_bench_does_not_have_is_named_with_those_that_it_has(calls):
    with pytest.raises(SystemExit, match="fake has no part moon; it has shop, speed"):
        measured("fake:moon")

    assert not calls


@pytest.fixture
def two(monkeypatch, tmp_path):
    """Two benches: in the first, one measurement fails and then it raises an error; the second succeeds."""

    def fails():
        yield {"recipe": "popular", "p99": 1.5}
        yield {"recipe": "similar", bench.FAILED: "MemoryError: no room"}
        yield {"recipe": "personal", "p99": 2.5}
        raise ConnectionError("the engine is gone")

    for name, run in (("first", fails), ("second", lambda: [{"recipe": "popular", "p99": 3.5}])):
        module = types.ModuleType(f"bench_{name}")
        module.__dict__.update(run=run)
        monkeypatch.setitem(sys.modules, f"tests.load.bench_{name}", module)
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    monkeypatch.setattr(bench, "names", lambda: ["first", "second"])
    return tmp_path


def test_a_failure_is_reported_with_the_other_results_and_fails_the_command(two, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench"])

    assert bench.main() == 1
    output = capsys.readouterr()
    assert "ConnectionError: the engine is gone" in output.out
    assert "Traceback" in output.err
    assert output.out.count("first (load") == 3, "one table of what was measured, one of each kind of failure"
    assert "3.5" in output.out, "the second bench was not measured"
    rows = json.loads((two / "first.json").read_text())["rows"]
    assert [row.get("p99") for row in rows] == [1.5, None, 2.5, None]
    assert rows[-1] == {"bench": "first", "failed": "ConnectionError: the engine is gone"}


def test_the_command_succeeds_where_all_was_measured(two, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench", "second"])

    assert bench.main() == 0
