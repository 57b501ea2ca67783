"""The bench of recipes: rows as they are measured, one that fails beside the others, and how far it is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.bench import FAILED
from tests.load import bench_recipes
from tests.load.recipes import answers, growth, processes
from tests.load.recipes.processes import FailedMeasurementError, measured
from tests.load.recipes.tasks import FILES

FOUND = {
    "metrics": {"hr@10": (0.5, 0.4, 0.6)},
    "unfiltered": {"hr@10": (0.4, 0.3, 0.5)},
    "seen": 0.015,
    "seconds": 2.0,
    "cpu": 1.5,
    "peak_mib": 64.0,
    "p50": 0.25,
    "questions": 3000,
}


@pytest.fixture
def quick(monkeypatch):
    """A bench that measures nothing; of the recipes it meets, `broken` fails."""

    def instead(module, *arguments, **_):
        if "broken" in arguments:
            raise FailedMeasurementError("MemoryError: no room")
        return FOUND

    monkeypatch.setattr(bench_recipes, "measured", instead)
    monkeypatch.setattr(bench_recipes, "unusable", lambda task, folder: None)
    monkeypatch.setitem(bench_recipes.MEASURED, "beauty", ("good", "broken", "better"))
    monkeypatch.setitem(bench_recipes.PUBLISHED, "beauty", {"BERT4Rec": "0.0338/0.0187"})
    monkeypatch.setitem(FILES, "beauty", {"beauty.txt": "f480"})
    return monkeypatch


def test_a_measurement_that_fails_is_a_row_that_says_so_among_the_others(quick, capsys):
    rows = list(bench_recipes.run("beauty"))

    assert [row.get("recipe") for row in rows] == ["good", "broken", "better", "BERT4Rec (published)", None]
    assert rows[1] == {"data": "beauty", "recipe": "broken", FAILED: "MemoryError: no room"}
    assert rows[0]["hr@10"] == "0.5000 ±0.1000"
    assert list(rows[0]) == list(rows[2]) == list(rows[3]), "rows of other columns would make a table of their own"
    assert rows[-1] == {"data": "beauty", "file": "beauty.txt", "SHA-256": "f480"}
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == ["1 of 3, 0 min", "2 of 3, 0 min", "3 of 3, 0 min"]


def test_recipes_for_users_have_a_row_without_a_filter_of_seen_items(quick):
    quick.setitem(bench_recipes.MEASURED, "beauty", (bench_recipes.DEFAULT, bench_recipes.SIMILAR))

    default, unfiltered, similar, *_ = bench_recipes.run("beauty")

    assert (unfiltered["recipe"], unfiltered["hr@10"]) == (f"{bench_recipes.DEFAULT}, unfiltered", "0.4000 ±0.1000")
    assert (default["seen of 10"], unfiltered["seen of 10"], similar["seen of 10"]) == ("", "1.5%", "")


def test_each_measurement_is_printed_before_the_next_begins(quick):
    assert next(bench_recipes.run("beauty"))["recipe"] == "good"


def test_a_slow_recipe_is_measured_on_a_sample_that_its_row_names(quick):
    asked = {}

    def instead(module, task, folder, name, parameters, *most, **_):
        asked[name] = most
        return FOUND

    quick.setattr(bench_recipes, "measured", instead)
    quick.setitem(bench_recipes.MEASURED, "beauty", ("implicit ALS", bench_recipes.DEFAULT))

    assert next(bench_recipes.run("beauty"))["asked"] == 3000
    list(bench_recipes.run("beauty"))
    assert asked == {"implicit ALS": ("3000",), bench_recipes.DEFAULT: ()}


def test_data_that_are_not_there_are_a_row_that_says_so(quick):
    quick.setattr(bench_recipes, "unusable", lambda task, folder: "not measured: beauty.txt is missing")

    assert next(bench_recipes.run("beauty")) == {"data": "beauty", "recipe": "not measured: beauty.txt is missing"}


def test_time_is_said_to_grow_as_the_events_do_where_it_does(monkeypatch):
    def linear(module, name, events):
        if (name, events) == ("broken", "1000"):
            raise FailedMeasurementError("killed")
        return {"seconds": 9.0, "cpu": int(events) / 100, "peak_mib": 1.0, "data_mib": 1.0}

    monkeypatch.setattr(growth, "measured", linear)
    monkeypatch.setattr(growth, "NAMES", ("good", "broken"))
    monkeypatch.setattr(growth, "SIZES", (100, 1000, 3000))

    rows = list(bench_recipes.run("growth"))
    assert [row.get("time / events", "failed") for row in rows] == ["", "1.00", "1.00", "", "failed", ""]


def test_each_algorithm_is_asked_once(monkeypatch):
    asked = []

    def instead(module, name):
        asked.append(name)
        return {"asked": "10 actions", "p50": 1.0, "p99": 2.0, "filtered": 0.0, "peak_mib": 3.0}

    monkeypatch.setattr(answers, "measured", instead)

    rows = list(bench_recipes.run("answers"))
    assert [row["answers of"] for row in rows] == asked == answers.names()
    assert {"aws-user-personalization-v2", "rivulet-graph-filter"} < set(asked)


@pytest.fixture
def says(tmp_path):
    """Return a function that makes what takes the place of Python, a few lines of shell."""

    def made(*lines):
        path = tmp_path / "python"
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return made


def test_the_last_line_that_is_printed_is_what_was_measured(says):
    python = says('echo "loading $2"', "echo '{\"p50\": 1.5}'")

    assert measured("a.module", python=python) == {"p50": 1.5}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("echo 'Traceback' >&2; echo 'ValueError: too few events' >&2; exit 1", "^ValueError: too few events$"),
        ("kill -9 $$", "was killed, as when memory runs out"),
        ("exit 3", "ended with code 3 and said nothing"),
    ],
)
def test_a_measurement_that_comes_to_nothing_says_why(says, line, words):
    with pytest.raises(FailedMeasurementError, match=words):
        measured("a.module", python=says(line))


def test_a_missing_environment_is_reported(tmp_path):
    with pytest.raises(FailedMeasurementError, match="cannot be run: No such file or directory; `make bench` sets"):
        measured("a.module", python=str(tmp_path / "python"))


def test_a_measurement_that_does_not_end_is_ended_with_what_it_started(says, monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "LIMIT_SECONDS", 0.2)
    own = tmp_path / "started"

    with pytest.raises(FailedMeasurementError, match=r"took longer than 0\.2 s"):
        measured("a.module", python=says(f"sleep 60 & echo $! > {own}", "wait"))

    assert not is_running(int(own.read_text()))


def is_running(process):
    """Return whether a process still runs half a second from now; a killed one may need a moment to end."""
    for _ in range(50):
        try:
            os.kill(process, 0)
            if "\nState:\tZ" in Path(f"/proc/{process}/status").read_text():
                return False
        except (ProcessLookupError, FileNotFoundError):
            return False
        time.sleep(0.01)
    return True
