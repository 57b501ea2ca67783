"""Filters over the wire: made, described, listed and deleted; refused where an expression or a quota is wrong."""

from __future__ import annotations

import json

import pytest

from tests.contract.engine.calls import refusal
from tests.contract.engine.running_engine import RunningEngine, until_settled
from tests.contract.engine.shops import Shop

CHEAP = "INCLUDE ItemID WHERE Items.PRICE < 20"


def make(shop, expression, name="mine"):
    arn = shop.control.create_filter(name=name, datasetGroupArn=shop.group, filterExpression=expression)["filterArn"]
    return until_settled(lambda: shop.control.describe_filter(filterArn=arn))


@pytest.mark.honours("CreateFilter", "an ARN of its name alone, whatever the dataset group")
@pytest.mark.honours("DescribeFilter", "expression, dataset group, status and moments")
@pytest.mark.honours("ListFilters", "summaries without the expression, a page at a time")
@pytest.mark.honours("DeleteFilter", "a deleted filter is found no more")
def test_a_filter_from_its_creation_to_its_end(new_shop):
    made = make(new_shop, CHEAP)
    make(new_shop, CHEAP, "other")
    control = new_shop.control

    assert made["filterArn"] == f"arn:aws:personalize:eu-west-1:{new_shop.account}:filter/mine"
    assert made["filterExpression"] == CHEAP
    assert made["datasetGroupArn"] == new_shop.group
    pages = list(control.get_paginator("list_filters").paginate(datasetGroupArn=new_shop.group, maxResults=1))
    assert [[one["name"] for one in page["Filters"]] for page in pages] == [["mine"], ["other"]]
    assert "filterExpression" not in pages[0]["Filters"][0]

    control.delete_filter(filterArn=made["filterArn"])

    while made["filterArn"] in {one["filterArn"] for one in control.list_filters()["Filters"]}:
        pass
    code, message = refusal(control.describe_filter, filterArn=made["filterArn"])
    assert (code, message) == ("ResourceNotFoundException", f"there is no filter {made['filterArn']}")


@pytest.mark.honours("CreateFilter", "a name that is taken is refused")
@pytest.mark.honours("CreateFilter", "a dataset group that does not exist is refused")
def test_names_are_taken_once_and_groups_must_exist(new_shop):
    make(new_shop, CHEAP)

    code, _ = refusal(
        new_shop.control.create_filter, name="mine", datasetGroupArn=new_shop.group, filterExpression=CHEAP
    )
    assert code == "ResourceAlreadyExistsException"
    code, _ = refusal(
        new_shop.control.create_filter, name="x", datasetGroupArn=f"{new_shop.group}-x", filterExpression=CHEAP
    )
    assert code == "ResourceNotFoundException"


@pytest.mark.honours("CreateFilter", "wrong expressions are refused with the place and with what would be right")
@pytest.mark.honours("CreateFilter", "NOT IN takes no placeholders")
@pytest.mark.honours("CreateFilter", "booleans and texts may not be filtered by")
@pytest.mark.honours("CreateFilter", "interactions are filtered by event type only")
@pytest.mark.honours("CreateFilter", "one dataset per expression; several are joined by a pipe")
@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("INCLUDE Items", "character 9: ItemID or UserID or ActionID is expected here, but there is Items"),
        ("INCLUDE ItemID WHERE Items.PRISE < 1", "character 28: the schema of Items has no field PRISE: is PRICE"),
        ("INCLUDE ItemID WHERE Items.CATEGORY NOT IN ($C)", "character 44: NOT IN takes no parameters"),
        ('INCLUDE ItemID WHERE Items.DESCRIPTION IN ("a")', "character 28: Items.DESCRIPTION is a text"),
        ("INCLUDE ItemID WHERE Interactions.TIMESTAMP > 1", "Interactions are filtered by EVENT_TYPE only"),
        (
            'INCLUDE ItemID WHERE Items.PRICE < 1 AND Interactions.EVENT_TYPE IN ("a")',
            "character 42: the conditions of one clause are on one dataset, here Items",
        ),
        ('INCLUDE UserID WHERE Users.AGE_GROUP IN ("a")', "the dataset group has no dataset of the type Users"),
        (f"{CHEAP}{' OR Items.PRICE < 1' * 130}", "filterExpression has"),
    ],
)
def test_wrong_expressions(new_shop, expression, message):
    code, said = refusal(
        new_shop.control.create_filter, name="wrong", datasetGroupArn=new_shop.group, filterExpression=expression
    )

    assert code == "InvalidInputException"
    assert message in said
    assert new_shop.control.list_filters()["Filters"] == []


@pytest.mark.honours("CreateFilter", "thirty filters per dataset group")
def test_a_dataset_group_has_thirty_filters(new_shop):
    for number in range(30):
        new_shop.control.create_filter(name=f"f{number}", datasetGroupArn=new_shop.group, filterExpression=CHEAP)

    code, message = refusal(
        new_shop.control.create_filter, name="f30", datasetGroupArn=new_shop.group, filterExpression=CHEAP
    )

    assert code == "LimitExceededException"
    assert "30" in message


def wide_shop(shop: Shop) -> None:
    """Give a shop a Users dataset with many fields."""
    fields = [{"name": f"N{number}", "type": ["null", "int"]} for number in range(21)]
    document = {
        "type": "record",
        "name": "Users",
        "namespace": "com.amazonaws.personalize.schema",
        "fields": [{"name": "USER_ID", "type": "string"}, *fields],
        "version": "1.0",
    }
    schema = shop.control.create_schema(name="wide", schema=json.dumps(document))["schemaArn"]
    made = shop.control.create_dataset(name="users", schemaArn=schema, datasetGroupArn=shop.group, datasetType="Users")
    until_settled(lambda: shop.control.describe_dataset(datasetArn=made["datasetArn"]))


def about(numbers: range) -> str:
    return "EXCLUDE UserID WHERE " + " OR ".join(f"Users.N{number} > 1" for number in numbers)


@pytest.mark.honours("CreateFilter", "ten different fields in a filter, twenty in all filters of a dataset group")
def test_so_many_fields_may_be_filtered_by(new_shop):
    wide_shop(new_shop)

    code, message = refusal(
        new_shop.control.create_filter, name="x", datasetGroupArn=new_shop.group, filterExpression=about(range(11))
    )
    assert code == "InvalidInputException"
    assert "a filter may name 10 different fields, not 11" in message

    first = make(new_shop, about(range(10)), "first")
    make(new_shop, about(range(5, 15)), "second")
    make(new_shop, about(range(10, 20)), "third")
    code, message = refusal(
        new_shop.control.create_filter, name="x", datasetGroupArn=new_shop.group, filterExpression=about(range(20, 21))
    )
    assert code == "LimitExceededException"
    assert "may name 20 different fields, not 21" in message

    new_shop.control.delete_filter(filterArn=first["filterArn"])
    while len(new_shop.control.list_filters()["Filters"]) == 3:
        pass
    make(new_shop, about(range(20, 21)), "fourth")


@pytest.mark.honours("CreateFilter", "CREATE PENDING, CREATE IN_PROGRESS, ACTIVE")
@pytest.mark.honours("DeleteFilter", "DELETE PENDING, DELETE IN_PROGRESS; refused while it is created or deleted")
def test_states_come_in_their_order(s3, tmp_path):
    slow = RunningEngine(tmp_path / "state", s3.url, pace="compressed")
    try:
        shop = Shop(slow, s3)
        control = shop.control
        arn = control.create_filter(name="mine", datasetGroupArn=shop.group, filterExpression=CHEAP)["filterArn"]
        assert refusal(control.delete_filter, filterArn=arn)[0] == "ResourceInUseException"
        seen: list[str] = []
        while "ACTIVE" not in seen:
            seen.append(control.describe_filter(filterArn=arn)["filter"]["status"])
        control.delete_filter(filterArn=arn)
        assert refusal(control.delete_filter, filterArn=arn)[0] == "ResourceInUseException"
        while found := control.list_filters()["Filters"]:
            seen.append(found[0]["status"])
    finally:
        slow.stop()

    assert list(dict.fromkeys(seen)) == [
        *("CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "DELETE PENDING", "DELETE IN_PROGRESS")
    ]


@pytest.mark.honours("CreateFilter", "a creation that a kill broke off is finished after the restart")
def test_a_kill_breaks_off_no_creation(s3, tmp_path):
    slow = RunningEngine(tmp_path / "state", s3.url, pace="compressed")
    try:
        shop = Shop(slow, s3)
        kept = shop.control.create_filter(
            name="kept",
            datasetGroupArn=shop.group,
            filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("View")',
        )["filterArn"]
        slow.kill()
        slow.start()
        control = slow.client()
        found = until_settled(lambda: control.describe_filter(filterArn=kept))
    finally:
        slow.stop()

    assert found["status"] == "ACTIVE"
