"""Tags: put on at creation or later, listed, taken off, within their limits."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import create, refusal
from tests.factories.shop_stream import schema_text

TAG = {"tagKey": "team", "tagValue": "search"}


@pytest.fixture(scope="module")
def control(engine):
    return engine.client(account="901000000001")


@pytest.fixture(scope="module")
def group(control):
    return create(control, "dataset_group", name="tagged", tags=[TAG])["datasetGroupArn"]


def many(count):
    return [{"tagKey": f"key-{number}", "tagValue": "v"} for number in range(count)]


@pytest.mark.honours("CreateDatasetGroup", "tags are stored with the resource")
@pytest.mark.honours("ListTagsForResource", "the tags of a resource, those of its creation among them")
@pytest.mark.honours("TagResource", "an existing key gets its new value, a new key is added")
@pytest.mark.honours("UntagResource", "keys are removed, unknown keys are ignored")
def test_tags_are_added_replaced_listed_and_taken_off(control, group):
    assert control.list_tags_for_resource(resourceArn=group)["tags"] == [TAG]

    control.tag_resource(resourceArn=group, tags=[{**TAG, "tagValue": "shop"}, {"tagKey": "cost", "tagValue": ""}])
    assert control.list_tags_for_resource(resourceArn=group)["tags"] == [
        {"tagKey": "team", "tagValue": "shop"},
        {"tagKey": "cost", "tagValue": ""},
    ]

    control.untag_resource(resourceArn=group, tagKeys=["cost", "never given"])
    control.tag_resource(resourceArn=group, tags=[TAG])
    assert control.list_tags_for_resource(resourceArn=group)["tags"] == [TAG]


@pytest.mark.honours("CreateSolution", "accepts tags")
@pytest.mark.honours("CreateDataset", "accepts tags")
@pytest.mark.honours("CreateEventTracker", "accepts tags")
def test_every_kind_of_resource_that_may_have_tags_has_them(control, group):
    schema = control.create_schema(name="tagged", schema=schema_text("Interactions"))["schemaArn"]
    made = [
        control.create_dataset(
            name="d", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions", tags=[TAG]
        )["datasetArn"],
        control.create_event_tracker(name="t", datasetGroupArn=group, tags=[TAG])["eventTrackerArn"],
        control.create_solution(
            name="s",
            datasetGroupArn=group,
            recipeArn="arn:aws:personalize:::recipe/aws-sims",
            performAutoTraining=False,
            tags=[TAG],
        )["solutionArn"],
    ]

    assert [control.list_tags_for_resource(resourceArn=arn)["tags"] for arn in made] == [[TAG]] * 3


@pytest.mark.honours("TagResource", "at most 50 tags a resource, TooManyTagsException beyond")
@pytest.mark.honours("UntagResource", "at most 50 keys a request, TooManyTagKeysException beyond")
def test_limits_of_tags_have_their_own_errors(control, group):
    assert refusal(control.create_dataset_group, name="more", tags=many(51))[0] == "TooManyTagsException"
    # One tag is there already.
    assert refusal(control.tag_resource, resourceArn=group, tags=many(50))[0] == "TooManyTagsException"
    keys = [tag["tagKey"] for tag in many(51)]
    assert refusal(control.untag_resource, resourceArn=group, tagKeys=keys)[0] == "TooManyTagKeysException"
    assert control.list_tags_for_resource(resourceArn=group)["tags"] == [TAG]


@pytest.mark.honours("TagResource", "keys are unique and never begin with aws:")
@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ([TAG, TAG], "the tag key team is repeated"),
        ([{"tagKey": "AWS:mine", "tagValue": "v"}], "may not begin with aws:"),
        ([{"tagKey": "semi;colon", "tagValue": "v"}], "tags[0].tagKey must match the pattern"),
        ([{"tagKey": "k" * 129, "tagValue": "v"}], "tags[0].tagKey has 129 characters"),
    ],
)
def test_a_tag_that_breaks_a_rule_is_refused(control, group, tags, message):
    code, text = refusal(control.tag_resource, resourceArn=group, tags=tags)

    assert code == "InvalidInputException"
    assert message in text


@pytest.mark.honours("ListTagsForResource", "an unknown resource is ResourceNotFoundException")
@pytest.mark.differs(
    "TagResource", "a schema is refused; the guide does not list schemas among the resources with tags"
)
def test_what_is_not_there_or_has_no_tags_is_refused(control, group):
    missing = group.replace("tagged", "missing")
    for call, more in (
        (control.list_tags_for_resource, {}),
        (control.tag_resource, {"tags": [TAG]}),
        (control.untag_resource, {"tagKeys": ["k"]}),
    ):
        assert refusal(call, resourceArn=missing, **more)[0] == "ResourceNotFoundException"

    schema = control.create_schema(name="untagged", schema=schema_text("Users"))["schemaArn"]
    assert "a schema has no tags" in refusal(control.tag_resource, resourceArn=schema, tags=[TAG])[1]
