"""The linter of filters as a command: files in, sentences and counts out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from model.engine.filters.__main__ import main
from tests.factories.shop_stream import interactions_csv, items_csv, schema_text

ROOT = Path(__file__).parents[4]


@pytest.fixture
def files(tmp_path):
    """Options for the shop's schemas and data."""
    options = []
    for name in ("Items", "Interactions", "Users"):
        path = tmp_path / f"{name}.avsc"
        path.write_text(schema_text(name))
        options += ["--schema", str(path)]
    items, interactions, users = tmp_path / "items.csv", tmp_path / "interactions.csv", tmp_path / "users.jsonl"
    items.write_text(items_csv())
    interactions.write_text(interactions_csv([("user-1", "item-1-1", 5, "Buy"), ("user-2", "item-1-2", 6, "Buy")]))
    users.write_text(json.dumps({"USER_ID": "user-1", "AGE_GROUP": "18-24"}) + "\n\n")
    return [*options, "--items", str(items), "--interactions", str(interactions), "--users", str(users)]


def test_a_filter_is_explained_and_counted(files, capsys):
    expression = (
        "INCLUDE ItemID WHERE Items.CATEGORY IN ($SHELF)"
        ' | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy") IF CurrentUser.AGE_GROUP IN ("18-24")'
    )

    code = main([expression, *files, "--user", "user-1", "--value", 'SHELF="shelf 1","shelf 2"'])

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "1. Keeps only items where CATEGORY is $SHELF.",
        "   removes 154 of 186 items",
        (
            '2. Removes items where the user has had an interaction of the type "buy"; '
            'this applies only if the current user\'s AGE_GROUP is "18-24".'
        ),
        "   removes 1 of 186 items",
        "Together the filter keeps 31 of 186 items and removes 155.",
    ]


def test_an_error_is_pointed_at(files):
    command = [sys.executable, "-m", "model.engine.filters", "INCLUDE ItemID WHERE Items.PRISE < 1", *files]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "INCLUDE ItemID WHERE Items.PRISE < 1",
        "                           ^",
        "the schema of Items has no field PRISE: is PRICE meant?",
    ]


def test_without_schemas_only_the_grammar_is_checked(capsys):
    assert main(["EXCLUDE ItemID WHERE Items.ANYTHING < 1"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "1. Removes items where ANYTHING is below 1.",
        "Fields were not checked: give the schemas with --schema.",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--value", "MOST=cheap"], "filterValues.MOST must hold a number"),
        ([], "filterValues must hold MOST"),
        (["--value", "MOST=1", "--actions", "/dev/null"], "null: give the schema of Actions with --schema"),
        (["--value", "MOST=1", "--items", "/nowhere/items.csv"], "No such file"),
    ],
)
def test_what_is_missing_is_named(files, capsys, options, message):
    assert main(["INCLUDE ItemID WHERE Items.PRICE < $MOST", *files, *options]) == 1

    assert message in capsys.readouterr().err


def test_data_that_break_their_schema_are_named(files, tmp_path, capsys):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("ITEM_ID,CATEGORY\na,b\n")

    assert main(["INCLUDE ItemID WHERE Items.PRICE < 1", *files, "--items", str(wrong)]) == 1

    assert "lacks columns of the schema" in capsys.readouterr().err
