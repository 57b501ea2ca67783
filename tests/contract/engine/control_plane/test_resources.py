"""The control plane over the wire: names, states, conflicts, pages and refusals."""

from __future__ import annotations

import json

import pytest

from tests.contract.engine.calls import create, delete, refusal, until_gone
from tests.contract.engine.running_engine import ROLE, seen_until, until_settled
from tests.factories.shop_stream import interactions_csv, schema_text, shop_rows

ARN_MEMBERS = {
    "campaign": "campaignArn",
    "filter": "filterArn",
    "metric_attribution": "metricAttributionArn",
    "event_tracker": "eventTrackerArn",
}


@pytest.mark.honours("CreateDatasetGroup", "an ARN with the account and region of the signature")
def test_arns_have_the_account_and_region_of_the_signature(engine):
    control = engine.client(account="222222222222", region="us-west-2")

    made = control.create_dataset_group(name="mine")

    assert made["datasetGroupArn"] == "arn:aws:personalize:us-west-2:222222222222:dataset-group/mine"
    code, _ = refusal(engine.client().describe_dataset_group, datasetGroupArn=made["datasetGroupArn"])
    assert code == "ResourceNotFoundException"


@pytest.mark.honours("CreateDatasetGroup", "CREATE PENDING, CREATE IN_PROGRESS, ACTIVE")
def test_states_come_in_their_order(slow_engine, s3):
    control = slow_engine.client()
    arn = control.create_dataset_group(name="slow_engine")["datasetGroupArn"]
    statuses = seen_until(lambda: control.describe_dataset_group(datasetGroupArn=arn), "ACTIVE")
    assert statuses == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]


@pytest.mark.honours("DescribeSchema", "the schema text of the request; times as epoch seconds")
def test_times_are_epoch_numbers(engine):
    control = engine.client(account="333333333333")
    arn = control.create_schema(name="timed", schema=schema_text("Users"))["schemaArn"]

    described = control.describe_schema(schemaArn=arn)["schema"]

    assert described["creationDateTime"].tzinfo is not None
    assert json.loads(described["schema"])["name"] == "Users"


@pytest.mark.honours("CreateDatasetGroup", "a taken name is ResourceAlreadyExistsException")
@pytest.mark.honours("CreateEventTracker", "a second tracker in a dataset group is refused")
@pytest.mark.honours("CreateDataset", "a second dataset of a type is ResourceAlreadyExistsException")
def test_a_taken_name_and_a_second_tracker_or_dataset_of_a_type_are_refused(new_shop):
    control = new_shop.control
    new_shop.track()

    assert refusal(control.create_dataset_group, name="shop")[0] == "ResourceAlreadyExistsException"
    assert (
        refusal(control.create_event_tracker, name="other", datasetGroupArn=new_shop.group)[0]
        == "ResourceAlreadyExistsException"
    )
    schema = control.describe_dataset(datasetArn=new_shop.datasets["Items"])["dataset"]["schemaArn"]
    again = {"name": "again", "schemaArn": schema, "datasetGroupArn": new_shop.group}
    assert refusal(control.create_dataset, datasetType="Items", **again)[0] == "ResourceAlreadyExistsException"


@pytest.mark.honours("DeleteDatasetGroup", "refused while the group holds solutions, trackers or datasets")
@pytest.mark.honours("DeleteSolution", "refused while a campaign uses it; deletes its versions too")
@pytest.mark.honours("DeleteSchema", "refused while a dataset uses it")
@pytest.mark.honours("DeleteCampaign", "not found once deleted")
@pytest.mark.honours("DeleteDataset", "not found once deleted")
def test_dependants_go_first(new_shop):
    control = new_shop.control
    new_shop.fill()
    campaign = new_shop.deploy("popular", "aws-popularity-count")
    version = control.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"]
    solution = version.rpartition("/")[0]
    schema = control.describe_dataset(datasetArn=new_shop.datasets["Items"])["dataset"]["schemaArn"]

    assert refusal(control.delete_dataset_group, datasetGroupArn=new_shop.group)[0] == "ResourceInUseException"
    assert refusal(control.delete_solution, solutionArn=solution)[0] == "ResourceInUseException"
    assert refusal(control.delete_schema, schemaArn=schema)[0] == "ResourceInUseException"

    delete(control, "campaign", campaignArn=campaign)
    delete(control, "solution", solutionArn=solution)
    until_gone(control.describe_solution_version, solutionVersionArn=version)
    for arn in new_shop.datasets.values():
        delete(control, "dataset", datasetArn=arn)
    delete(control, "dataset_group", datasetGroupArn=new_shop.group)


@pytest.mark.honours("DeleteDataset", "refused until the campaigns and all filters of its dataset group are deleted")
@pytest.mark.honours("DeleteDataset", "refused until a metric attribution that refers to the dataset is deleted")
@pytest.mark.honours("DeleteDataset", "refused for interactions until the event tracker is deleted")
def test_a_dataset_is_deleted_after_each_of_its_dependants(new_shop):
    control = new_shop.control
    new_shop.fill()
    new_shop.track()
    in_use = {
        "campaign": new_shop.deploy("popular", "aws-popularity-count"),
        "filter": new_shop.add_filter("dear", "INCLUDE ItemID WHERE Items.PRICE > 5"),
        "metric_attribution": measure(new_shop, "SUM(Items.PRICE)"),
        "event_tracker": control.list_event_trackers()["eventTrackers"][0]["eventTrackerArn"],
    }

    for kind, arn in in_use.items():
        code, message = refusal(control.delete_dataset, datasetArn=new_shop.datasets["Interactions"])
        assert (code, arn in message) == ("ResourceInUseException", True), message
        if kind == "event_tracker":
            delete(control, "dataset", datasetArn=new_shop.datasets["Items"])
        else:
            assert arn in refusal(control.delete_dataset, datasetArn=new_shop.datasets["Items"]).message
        delete(control, kind, **{ARN_MEMBERS[kind]: arn})
    delete(control, "dataset", datasetArn=new_shop.datasets["Interactions"])


@pytest.mark.honours("DeleteDataset", "a metric attribution keeps only the datasets whose columns it sums")
def test_a_metric_attribution_keeps_only_the_datasets_that_it_refers_to(new_shop):
    attribution = measure(new_shop, "SAMPLECOUNT()")

    delete(new_shop.control, "dataset", datasetArn=new_shop.datasets["Items"])
    refused = refusal(new_shop.control.delete_dataset, datasetArn=new_shop.datasets["Interactions"])
    assert attribution in refused.message


def measure(shop, expression):
    """Return the ARN of a new metric attribution."""
    metric = {"eventType": "View", "metricName": "shown", "expression": expression}
    request = {"name": "measured", "datasetGroupArn": shop.group, "metrics": [metric]}
    made = create(shop.control, "metric_attribution", metricsOutputConfig={"roleArn": ROLE}, **request)
    return made["metricAttributionArn"]


@pytest.mark.honours("ListSchemas", "pages of maxResults, joined by nextToken without gap or repeat")
def test_lists_come_in_pages(engine):
    control = engine.client(account="444444444444")
    made = [control.create_schema(name=f"s-{n}", schema=schema_text("Users"))["schemaArn"] for n in range(5)]

    pages = list(control.get_paginator("list_schemas").paginate(PaginationConfig={"PageSize": 2}))

    assert [len(page["schemas"]) for page in pages] == [2, 2, 1]
    assert [schema["schemaArn"] for page in pages for schema in page["schemas"]] == made


@pytest.mark.honours("CreateDatasetGroup", "five dataset groups per region, then LimitExceededException")
def test_a_sixth_dataset_group_is_over_the_quota(engine):
    control = engine.client(account="555555555555")
    for number in range(5):
        control.create_dataset_group(name=f"group-{number}")

    assert refusal(control.create_dataset_group, name="group-6")[0] == "LimitExceededException"
    assert refusal(control.create_dataset_group, name="group-4")[0] == "ResourceAlreadyExistsException"


@pytest.mark.honours(
    "CreateDatasetGroup", "lengths, patterns and enumerations of the API model, which SDKs do not check"
)
@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"name": "-no"}, "name must match the pattern"),
        ({"name": "n" * 64}, "name has 64 characters; it may have 1 to 63"),
        ({"name": "ok", "domain": "SPORTS"}, "domain must be one of ECOMMERCE, VIDEO_ON_DEMAND"),
        (
            {"name": "ok", "roleArn": "arn:aws:iam::123456789012:role/r"},
            "roleArn is for a key: set kmsKeyArn too",
        ),
        ({"name": "ok", "roleArn": "arn:aws:iam::1:role/r"}, "roleArn must match the pattern"),
        ({"name": "ok", "tags": [{"tagKey": "k", "tagValue": "v" * 257}]}, "tags[0].tagValue has 257 characters"),
    ],
)
def test_a_bad_member_is_named(engine, request_, message):
    code, text = refusal(engine.client(account="666666666666").create_dataset_group, **request_)

    assert code == "InvalidInputException"
    assert message in text


@pytest.mark.honours(
    "CreateSchema",
    "the rules of Avro schemas: namespace, record name, required fields, names unique without underscores",
)
@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("{", "not valid JSON"),
        ('{"type": "record"}', "namespace"),
        (schema_text("Items").replace('"Items"', '"Things"'), "must be one of Interactions, Items, Users"),
        (schema_text("Interactions").replace("TIMESTAMP", "MOMENT"), "must have the field TIMESTAMP"),
        (schema_text("Users").replace("AGE_GROUP", "USERID"), "are the same once underscores are dropped"),
    ],
)
def test_a_schema_that_breaks_a_rule_is_refused_with_the_rule(engine, schema, message):
    code, text = refusal(engine.client().create_schema, name="broken", schema=schema)

    assert code == "InvalidInputException"
    assert message in text


@pytest.mark.honours("CreateSolution", "unknown recipes, unknown hyper-parameters and values out of range are refused")
def test_unknown_recipes_and_hyper_parameters_are_refused(new_shop):
    def refused(recipe, **parameters):
        config = {"algorithmHyperParameters": parameters}
        return refusal(new_shop.add_solution, "s", recipe, solutionConfig=config)

    assert refused("aws-fortune-teller").code == "ResourceNotFoundException"
    assert "has no depth in algorithmHyperParameters" in refused("aws-sims", depth="3").message
    assert "must be a whole number from 0 to 10, not 11" in refused("aws-sims", min_cointeraction_count="11").message


@pytest.mark.honours(
    "GetSolutionMetrics", "coverage, MRR at 25, precision and NDCG at 5, 10 and 25, from a real hold-out"
)
def test_metrics_come_from_a_hold_out_and_beat_popularity(new_shop):
    new_shop.fill()
    metrics = {}
    for name, recipe in (("popular", "aws-popularity-count"), ("for-you", "aws-user-personalization-v2")):
        version = new_shop.train(name, recipe)["solutionVersionArn"]
        metrics[name] = new_shop.control.get_solution_metrics(solutionVersionArn=version)["metrics"]

    assert set(metrics["popular"]) == {
        "coverage",
        "repeats_count",
        "mean_reciprocal_rank_at_25",
        *(f"precision_at_{cut}" for cut in (5, 10, 25)),
        *(f"normalized_discounted_cumulative_gain_at_{cut}" for cut in (5, 10, 25)),
    }
    name = "normalized_discounted_cumulative_gain_at_25"
    assert metrics["for-you"][name] > 2 * metrics["popular"][name]


@pytest.mark.honours(
    "CreateSolutionVersion", "fails with the reason below 1,000 interactions or 25 users with two interactions"
)
def test_too_little_data_fails_the_training_with_the_count(new_shop):
    rows = shop_rows()
    few = new_shop.s3.put("data", "few.csv", interactions_csv(rows[:400]))
    new_shop.load("Interactions", few, "few")
    version = new_shop.train("few", "aws-popularity-count", may_fail=True)
    assert version["status"] == "CREATE FAILED"
    assert "there are 400 unique interactions" in version["failureReason"]

    lonely = [(f"user-{place}", item, moment, kind) for place, (_, item, moment, kind) in enumerate(rows)]
    new_shop.load("Interactions", new_shop.s3.put("data", "lonely.csv", interactions_csv(lonely)), "lonely")
    version = new_shop.retrain(version["solutionArn"], may_fail=True)
    assert "0 users have two or more interactions; at least 25 are needed" in version["failureReason"]


@pytest.mark.honours("UpdateCampaign", "the old version answers until the update is ACTIVE")
@pytest.mark.honours("DescribeCampaign", "latestCampaignUpdate with a status of its own")
def test_a_campaign_goes_on_serving_while_it_is_updated(new_shop):
    control = new_shop.control
    new_shop.fill()
    campaign = new_shop.deploy("popular", "aws-popularity-count")
    old = control.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"]
    version = new_shop.retrain(old.rpartition("/")[0])["solutionVersionArn"]

    control.update_campaign(campaignArn=campaign, solutionVersionArn=version)

    assert new_shop.runtime.get_recommendations(campaignArn=campaign)["itemList"]
    update = until_settled(lambda: control.describe_campaign(campaignArn=campaign)["campaign"]["latestCampaignUpdate"])
    assert update["solutionVersionArn"] == version
    assert control.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"] == version
