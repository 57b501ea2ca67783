"""Filters over the wire: made, described, listed and deleted; refused where an expression or a quota is wrong."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import delete, refusal, until_gone
from tests.contract.engine.running_engine import until_settled
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema

CHEAP = "INCLUDE ItemID WHERE Items.PRICE < 20"


def make(shop, expression, name="mine"):
    return shop.control.describe_filter(filterArn=shop.add_filter(name, expression))["filter"]


@pytest.mark.honours("CreateFilter", "an ARN of its name alone, whatever the dataset group")
@pytest.mark.honours("DescribeFilter", "expression, dataset group, status and times")
@pytest.mark.honours("ListFilters", "summaries without the expression, in pages")
@pytest.mark.honours("DeleteFilter", "a deleted filter is not found")
def test_a_filter_from_its_creation_to_its_end(new_shop):
    made = make(new_shop, CHEAP)
    make(new_shop, CHEAP, "other")
    control = new_shop.control

    assert made["filterArn"] == f"arn:aws:personalize:eu-west-1:{new_shop.account}:filter/mine"
    assert made["filterExpression"] == CHEAP
    assert made["datasetGroupArn"] == new_shop.group
    pages = list(control.get_paginator("list_filters").paginate(datasetGroupArn=new_shop.group, maxResults=1))
    assert [[filter_["name"] for filter_ in page["Filters"]] for page in pages] == [["mine"], ["other"]]
    assert "filterExpression" not in pages[0]["Filters"][0]

    delete(control, "filter", filterArn=made["filterArn"])

    assert made["filterArn"] not in {summary["filterArn"] for summary in control.list_filters()["Filters"]}
    code, message = refusal(control.describe_filter, filterArn=made["filterArn"])
    assert (code, message) == ("ResourceNotFoundException", f"there is no filter {made['filterArn']}")


@pytest.mark.honours("CreateFilter", "a taken name is refused")
@pytest.mark.honours("CreateFilter", "an unknown dataset group is refused")
def test_names_are_taken_once_and_groups_must_exist(new_shop):
    make(new_shop, CHEAP)

    assert refusal(new_shop.add_filter, "mine", CHEAP).code == "ResourceAlreadyExistsException"
    elsewhere = {"name": "x", "datasetGroupArn": f"{new_shop.group}-x", "filterExpression": CHEAP}
    assert refusal(new_shop.control.create_filter, **elsewhere).code == "ResourceNotFoundException"


@pytest.mark.honours("CreateFilter", "wrong expressions are refused with the position and what is expected there")
@pytest.mark.honours("CreateFilter", "a filter needs the datasets that it names")
@pytest.mark.honours("CreateFilter", "NOT IN takes no placeholders")
@pytest.mark.honours("CreateFilter", "boolean and textual fields cannot be used in filters")
@pytest.mark.honours("CreateFilter", "event type is the only field of interactions in filters")
@pytest.mark.honours("CreateFilter", "an expression is about one dataset; a pipe joins several expressions")
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
    code, said = refusal(new_shop.add_filter, "wrong", expression)

    assert code == "InvalidInputException"
    assert message in said
    assert new_shop.control.list_filters()["Filters"] == []


@pytest.mark.honours("CreateFilter", "thirty filters per dataset group; a wrong expression comes first")
def test_a_dataset_group_has_thirty_filters(new_shop):
    for number in range(30):
        new_shop.control.create_filter(name=f"f{number}", datasetGroupArn=new_shop.group, filterExpression=CHEAP)

    code, message = refusal(new_shop.add_filter, "f30", CHEAP)

    assert code == "LimitExceededException"
    assert "30" in message
    assert refusal(new_shop.add_filter, "f30", "INCLUDE Items").code == "InvalidInputException"


def wide_shop(shop: Shop) -> None:
    """Give a shop a Users dataset with many fields."""
    fields = [{"name": f"N{number}", "type": ["null", "int"]} for number in range(21)]
    shop.add_dataset("Users", avro_schema("Users", [{"name": "USER_ID", "type": "string"}, *fields]))


def about(numbers: range) -> str:
    return "EXCLUDE UserID WHERE " + " OR ".join(f"Users.N{number} > 1" for number in numbers)


@pytest.mark.honours("CreateFilter", "at most 10 different fields in a filter, 20 in all filters of a dataset group")
def test_so_many_fields_may_be_filtered_by(new_shop):
    wide_shop(new_shop)

    code, message = refusal(new_shop.add_filter, "x", about(range(11)))
    assert code == "InvalidInputException"
    assert "a filter may name 10 different fields, not 11" in message

    first = make(new_shop, about(range(10)), "first")
    make(new_shop, about(range(5, 15)), "second")
    make(new_shop, about(range(10, 20)), "third")
    code, message = refusal(new_shop.add_filter, "x", about(range(20, 21)))
    assert code == "LimitExceededException"
    assert "may name 20 different fields, not 21" in message

    delete(new_shop.control, "filter", filterArn=first["filterArn"])
    make(new_shop, about(range(20, 21)), "fourth")


@pytest.mark.honours("CreateFilter", "CREATE PENDING, CREATE IN_PROGRESS, ACTIVE")
@pytest.mark.honours("DeleteFilter", "DELETE PENDING, DELETE IN_PROGRESS; refused while it is created or deleted")
def test_states_come_in_their_order(slow_engine, s3):
    shop = Shop(slow_engine, s3)
    control = shop.control
    arn = control.create_filter(name="mine", datasetGroupArn=shop.group, filterExpression=CHEAP)["filterArn"]
    assert refusal(control.delete_filter, filterArn=arn)[0] == "ResourceInUseException"
    assert control.describe_filter(filterArn=arn)["filter"]["status"].startswith("CREATE ")
    until_settled(lambda: control.describe_filter(filterArn=arn))
    control.delete_filter(filterArn=arn)
    assert refusal(control.delete_filter, filterArn=arn)[0] == "ResourceInUseException"
    until_gone(control.describe_filter, filterArn=arn)
    logged = slow_engine.logged_states(arn)
    assert logged == ["CREATE IN_PROGRESS", "ACTIVE", "DELETE IN_PROGRESS"]


@pytest.mark.honours("CreateFilter", "a creation that a kill interrupted is finished after the restart")
def test_a_kill_breaks_off_no_creation(slow_engine, s3):
    shop = Shop(slow_engine, s3)
    kept = shop.control.create_filter(
        name="kept",
        datasetGroupArn=shop.group,
        filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("View")',
    )["filterArn"]
    slow_engine.kill()
    slow_engine.start()
    control = slow_engine.client()
    found = until_settled(lambda: control.describe_filter(filterArn=kept))
    assert found["status"] == "ACTIVE"
