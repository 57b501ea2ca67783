"""Requests against the service models: every constraint is checked and named."""

from __future__ import annotations

import pytest

from model.engine.http.wire import CONTROL, EVENTS, RUNTIME, operations, paths, shape_answer
from model.engine.personalize.errors import InvalidInputError

ARN = "arn:aws:personalize:eu-west-1:123456789012:campaign/c"


def refused(operation, **request):
    with pytest.raises(InvalidInputError) as caught:
        operations()[operation].check(request)
    return str(caught.value)


def test_all_operations_of_the_three_services_are_known():
    services = [operation.service for operation in operations().values()]

    assert (services.count(CONTROL), services.count(EVENTS), services.count(RUNTIME)) == (71, 5, 3)
    assert paths()["/events"].name == "PutEvents"


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("DescribeCampaign", {}, "campaignArn is required"),
        ("DescribeCampaign", {"campaignArn": 5}, "campaignArn must be a string, not 5"),
        ("DescribeCampaign", {"campaignArn": "c"}, "campaignArn must match the pattern"),
        (
            "CreateDatasetGroup",
            {"name": "n", "roleArn": "arn:aws:iam::\u0661\u0662\u0663456789012:role/r"},
            "roleArn must match the pattern",
        ),
        ("DescribeCampaign", {"campaignArn": ARN + "c" * 256}, "it may have 0 to 256"),
        ("ListCampaigns", {"maxResults": 0}, "maxResults must be at least 1, not 0"),
        ("ListCampaigns", {"maxResults": 101}, "maxResults must be at most 100, not 101"),
        ("ListCampaigns", {"maxResults": True}, "maxResults must be an integer, not True"),
        ("CreateCampaign", {"name": "n", "solutionVersionArn": ARN, "campaignConfig": []}, "must be an object"),
        ("GetPersonalizedRanking", {"campaignArn": ARN, "inputList": "i", "userId": "u"}, "inputList must be a list"),
        (
            "GetRecommendations",
            {"context": {"k" * 151: "v"}},
            "context key has 151 characters; it may have 0 to 150",
        ),
    ],
)
def test_a_broken_rule_is_named_with_the_member(operation, request_, message):
    assert message in refused(operation, **request_)


def test_members_that_the_model_does_not_know_are_passed_over_both_ways():
    operations()["DescribeCampaign"].check({"campaignArn": ARN, "unheard": 1})

    shaped = shape_answer(operations()["DescribeCampaign"], {"campaign": {"name": "n", "datasetGroupArn": "x"}})

    assert shaped == {"campaign": {"name": "n"}}


def test_a_tag_may_hold_letters_of_any_script():
    def tagged(key):
        return {"name": "n", "tags": [{"tagKey": key, "tagValue": "ß"}]}

    operations()["CreateDatasetGroup"].check(tagged("größe 大"))

    assert "tags[0].tagKey must match the pattern" in refused("CreateDatasetGroup", **tagged("no!"))
