"""What a plan's text shows, and what it never shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployment.release.redaction import summarize
from tests.unit.deployment.release.account import change

SECRET = "hunter2"
NEW_CODE = json.loads((Path(__file__).parent / "plan_of_new_code.json").read_text("utf-8"))  # as Terraform printed it


def text_of(before: dict[str, Any], after: dict[str, Any], **marks: Any) -> str:
    return summarize({"resource_changes": [change("aws_x.a", before=before, after=after, **marks)]})


def test_without_changes_it_says_so() -> None:
    read = change("data.aws_x.a", ["read"])

    assert summarize({"resource_changes": [change("aws_x.a", ["no-op"]), read]}) == "No changes.\n"


def test_a_change_shows_what_it_was_and_will_be_and_nothing_that_stays() -> None:
    text = text_of({"timeout": 10, "name": "a"}, {"timeout": 20, "name": "a"})

    assert "! aws_x.a\n    timeout: 10 → 20\n" in text
    assert "name" not in text


def test_counts_and_signs_differ_for_a_replacement_and_a_deletion() -> None:
    changes = [change("aws_x.a", ["delete", "create"]), change("aws_x.b", ["delete"]), change("aws_x.c", ["create"])]
    text = summarize({"resource_changes": changes})

    assert text.startswith("**1 created, 1 replaced, 1 deleted**")
    assert "! aws_x.a (replaced)" in text
    assert "- aws_x.b" in text
    assert "+ aws_x.c" in text


def test_a_value_that_is_not_known_yet_is_named() -> None:
    assert "arn: null → (known after apply)" in text_of({}, {"name": "a"}, after_unknown={"arn": True})


def test_a_plan_of_new_code_shows_the_code_and_nothing_that_stays() -> None:
    text = summarize(NEW_CODE)

    names = [line.split(":")[0].strip() for line in text.splitlines() if line.startswith("    ")]
    function, archive = names[: names.index("version") + 1], names[names.index("version") + 1 :]
    assert function == [
        *("last_modified", "qualified_arn", "qualified_invoke_arn", "s3_key", "source_code_hash", "version")
    ]
    assert {"key", "source_hash"} <= set(archive)
    assert not {"cache_control", "metadata", "tags", "tags_all"} & set(archive)  # "" and null, {} and null
    assert '"version": "(known after apply)"' in text.split("! output.rollout")[1]


def test_long_values_are_shortened_to_the_place_where_they_differ() -> None:
    text = text_of({"policy": "a" * 500 + "Allow" + "b" * 500}, {"policy": "a" * 500 + "Deny" + "b" * 500})

    assert f"…{'a' * 40}Allow" in text
    assert f"…{'a' * 40}Deny" in text
    assert len(text) < 400


def test_an_unknown_part_is_named_in_its_place_unless_it_is_sensitive() -> None:
    before, after = {"block": [{"size": 1, "arn": "a", "key": "a"}]}, {"block": [{"size": 1}]}
    unknown, sensitive = {"block": [{"arn": True, "key": True}]}, {"block": [{"key": True}]}
    text = text_of(before, after, after_unknown=unknown, before_sensitive=sensitive, after_sensitive=sensitive)

    shown = [{"size": 1, "arn": "(known after apply)", "key": "(sensitive)"}]
    assert f"→ {json.dumps(shown)}" in text


@pytest.mark.parametrize(
    ("value", "marks"),
    [
        ({"value": SECRET}, {"after_sensitive": {"value": True}}),
        ({"nested": {"inner": [SECRET]}}, {"after_sensitive": {"nested": {"inner": [True]}}}),
        ({"value": SECRET}, {"after_sensitive": True}),
        ({"master_password": SECRET}, {}),
        ({"environment": [{"variables": {"API_KEY": SECRET}}]}, {}),
        ({"policy": json.dumps({"client_secret": SECRET})}, {}),
    ],
    ids=["marked", "nested mark", "wholly marked", "name", "nested name", "JSON text"],
)
def test_secrets_are_hidden(value: dict[str, Any], marks: dict[str, Any]) -> None:
    shown = text_of({}, value, **marks)

    assert SECRET not in shown
    assert "(sensitive)" in shown


def test_the_old_value_of_a_secret_is_hidden_too() -> None:
    assert SECRET not in text_of({"value": SECRET}, {"value": "new"}, before_sensitive={"value": True})


def test_credentials_are_hidden_wherever_they_are() -> None:
    assert "AKIA" not in text_of({}, {"description": "key " + "AKIA" + "A" * 16})


def test_sensitive_outputs_are_hidden() -> None:
    output = {"actions": ["update"], "before": "x", "after": SECRET, "after_sensitive": True, "before_sensitive": True}

    assert "! output.api_key: (sensitive) → (sensitive)" in summarize({"output_changes": {"api_key": output}})


def test_a_value_cannot_end_the_block_of_text() -> None:
    text = text_of({}, {"description": "````\n@everyone"})

    assert text.rstrip().endswith("\n`````")


def test_a_text_fits_into_a_comment() -> None:
    changes = [change(f"aws_x.a{number}", before={}, after={"name": "x" * 200}) for number in range(1000)]
    text = summarize({"resource_changes": changes})

    assert len(text) < 60_000
    assert "shortened" in text
