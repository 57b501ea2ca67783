"""The examples of the READMEs are correct."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.contract import Refusal, generate, read_event, read_item
from backend.upload.lines import split_lines
from backend.upload.rows import csv_rows, read_header
from data.generator.attribute_values import TREE
from data.generator.catalogue import make_catalogue
from data.generator.settings import Settings
from data.loaders.__main__ import main as load

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def _blocks(readme, language):
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / readme).read_text(), re.DOTALL)
    return [block.encode() for block in blocks]


def _block(readme, language):
    (block,) = _blocks(readme, language)
    return block


def test_the_click_and_the_list_that_was_seen_are_accepted():
    events = [read_event(block, now=NOW) for block in _blocks("backend/contract/README.md", "json")]

    assert [None if isinstance(event, Refusal) else event.event_type for event in events] == ["Click", "Impression"]


def test_the_explanation_adds_up():
    item = json.loads(_block("backend/recommend/README.md", "json"))

    assert sum(part["weight"] for part in item["because"]) == pytest.approx(1.0)


def test_the_examples_of_filters_and_searches_find_items_of_the_generated_shop():
    pages = ("README.md", "backend/recommend/README.md", "backend/contract/generated/openapi.json")
    text = "".join((ROOT / page).read_text() for page in pages)
    named = {*re.findall(r"values\[CATEGORY\]=([\w ]+)", text), *re.findall(r'"CATEGORY": \[\s*"(.+?)"', text)}
    searched = re.findall(r"\bsearch=(\w+)", text)
    titles = [item.title.lower() for item in make_catalogue(Settings()).items]

    assert named
    assert named <= {level for department, branch in TREE.items() for level in (department, *branch)}
    assert searched
    assert all(any(word.lower() in title for title in titles) for word in searched)


@pytest.mark.parametrize("arguments", [["--check"], []])
def test_the_commands_find_no_differences(arguments, capsys):
    assert generate.main(arguments) == 0
    assert capsys.readouterr().out == ""


def test_the_example_of_the_loaders_prints_and_writes_what_it_shows(tmp_path, monkeypatch, capsys):
    readme = "data/loaders/README.md"
    (tmp_path / "clicks.csv").write_bytes(_block(readme, "csv"))
    (tmp_path / "mapping.yaml").write_bytes(_block(readme, "yaml"))
    monkeypatch.chdir(tmp_path)
    arguments = _block(readme, "sh").decode().split("data.loaders", 1)[1].split()

    assert load(arguments) == 0

    assert capsys.readouterr().out == _block(readme, "text").decode()
    written = {path.name for path in (tmp_path / "build" / "clicks").iterdir()}
    assert written == {"events.jsonl", "items.jsonl", "users.jsonl", "expected.json"}


def test_the_help_of_the_loaders_has_an_example_of_a_mapping(capsys):
    with pytest.raises(SystemExit):
        load(["--help"])

    assert "visitor: user_id" in capsys.readouterr().out


def test_the_csv_holds_two_items():
    lines = split_lines(iter([_block("backend/upload/README.md", "csv")]))
    header = read_header("items", next(lines).data) or []

    payloads = [row.payload for row in csv_rows(lines, header, "items") if isinstance(row.payload, bytes)]
    items = [read_item(payload) for payload in payloads]

    assert [(item.item_id, item.title, item.price) for item in items if not isinstance(item, Refusal)] == [
        ("i-318", 'Boots, "tall"', 129.5),
        ("i-42", None, None),
    ]
