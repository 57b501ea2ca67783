"""A plan's text names the solutions, filters and data sets that the next training changes."""

from __future__ import annotations

import json
from typing import Any

from deployment.release.training import describe_training
from tests.unit.deployment.release.account import change

POPULAR = {"name": "rivulet-dev-popular", "recipe_arn": "recipe/aws-popularity-count", "campaign": None}
RANKING = {"name": "rivulet-dev-ranking", "recipe_arn": "recipe/aws-personalized-ranking-v2", "campaign": None}
FILTER = {"name": "rivulet-dev-in-stock-0a1b2c3d", "arn": "filter/x", "expression": "EXCLUDE ItemID"}
CHANGED = {"name": "rivulet-dev-in-stock-4e5f6071", "arn": "filter/y", "expression": "INCLUDE ItemID"}
ITEMS = {"type": "ITEMS", "name": "rivulet-dev-items", "folder": "items", "schema": '{"fields": []}'}


def definition(**declared: Any) -> dict[str, str]:
    configuration = {"dataset_group": "rivulet-dev", "solutions": [], "filters": [], "datasets": []} | declared
    states = {"Configure": {"Type": "Pass", "Assign": {"configuration": configuration, "wait": "{% 1 %}"}}}
    return {"definition": json.dumps({"StartAt": "Configure", "States": states})}


def text_of(before: Any, after: Any, **marks: Any) -> str:
    planned = change("module.recommender.aws_sfn_state_machine.this", before=before, after=after, **marks)
    return describe_training({"resource_changes": [change("aws_x.a"), planned]})


def test_added_changed_and_removed_ones_are_listed_by_their_declared_names() -> None:
    text = text_of(
        definition(solutions=[POPULAR], filters=[FILTER], datasets=[ITEMS]),
        definition(solutions=[RANKING], filters=[CHANGED], datasets=[ITEMS]),
    )

    assert text.splitlines()[1] == "**What the next training changes**"
    assert "+ solution ranking\n" in text
    assert '    recipe_arn: "recipe/aws-personalized-ranking-v2"\n' in text
    assert "- solution popular\n" in text
    assert '! filter in-stock\n    expression: "EXCLUDE ItemID" → "INCLUDE ItemID"\n' in text
    assert "items" not in text


def test_a_changed_campaign_or_schema_is_shown() -> None:
    text = text_of(
        definition(solutions=[POPULAR], datasets=[ITEMS]),
        definition(solutions=[POPULAR | {"campaign": {"min_provisioned_tps": 1}}], datasets=[ITEMS | {"schema": "{}"}]),
    )

    assert '! solution popular\n    campaign: null → {"min_provisioned_tps": 1}\n' in text
    assert "! data set items\n" in text


def test_a_new_environment_adds_all_and_other_changes_add_nothing() -> None:
    assert "+ solution popular\n" in text_of(None, definition(solutions=[POPULAR]))
    assert text_of(definition(solutions=[POPULAR]), definition(solutions=[POPULAR]) | {"tags": {"a": "b"}}) == ""
    assert describe_training({"resource_changes": [change("aws_x.a")]}) == ""


def test_what_is_known_after_the_apply_is_named() -> None:
    assert "(known after apply)" in text_of(None, {}, after_unknown={"definition": True})
