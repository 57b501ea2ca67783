"""Metric attribution: what events and imports come to, by the recommendation or the source that they name."""

from __future__ import annotations

import csv
import io
import json
import re
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.calls import create, delete, event, ids, put_events
from tests.contract.engine.running_engine import REGION, ROLE
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import schema_text

CLICKS = {"eventType": "Click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
SALES = {"eventType": "Buy", "metricName": "sales", "expression": "SUM(Items.PRICE)"}
VALUES = {"eventType": "Buy", "metricName": "values", "expression": "SUM(Interactions.EVENT_VALUE)"}
OUTPUT = {"roleArn": ROLE, "s3DataDestination": {"path": "s3://data/reports"}}


def attribute(shop, *metrics, output=OUTPUT, name="impact"):
    request = {"name": name, "datasetGroupArn": shop.group, "metrics": metrics, "metricsOutputConfig": output}
    return create(shop.control, "metric_attribution", **request)["metricAttributionArn"]


def put(shop, kind, item="item-0-0", **members):
    put_events(shop, event(item, **{"eventType": kind, "sentAt": datetime.now(UTC), **members}), user="u")


def measured(shop):
    """Return what /metrics shows of the shop's dataset group: values by (metric, source)."""
    found = {}
    of_the_group = {"account": shop.account, "region": REGION, "dataset_group": shop.name}
    for line in shop.engine.get("/metrics").splitlines():
        labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
        if line.startswith("personalize_attribution_value{") and of_the_group.items() <= labels.items():
            found[labels["metric"], labels["source"]] = float(line.rpartition(" ")[2])
    return found


@pytest.fixture
def shop(new_shop):
    new_shop.track()
    return new_shop


@pytest.mark.honours("CreateMetricAttribution", "SUM of a column and SAMPLECOUNT of streamed events, shown at once")
@pytest.mark.differs("CreateMetricAttribution", "/metrics shows the figures of events in place of CloudWatch")
@pytest.mark.honours("PutEvents", "an explicit eventAttributionSource takes precedence over the recommendationId")
def test_events_are_summed_by_metric_and_source(shop):
    attribute(shop, CLICKS, SALES, VALUES)
    shop.put_item("item-0-0", price=2.5)
    put(shop, "click", eventId="once", metricAttribution={"eventAttributionSource": "mail"})
    put(shop, "click", eventId="once", metricAttribution={"eventAttributionSource": "mail"})
    put(shop, "Click", metricAttribution={"eventAttributionSource": "mail"}, recommendationId="RID-unknown")
    put(shop, "Click", recommendationId="RID-unknown")
    put(shop, "Buy", eventValue=7.0)
    put(shop, "Buy", eventValue=1.5, item="unpriced")
    put(shop, "Click", sentAt=datetime.now(UTC) - timedelta(days=15))

    assert measured(shop) == {
        ("clicks", "mail"): 2.0,
        ("clicks", "SOURCE_NAME_UNDEFINED"): 1.0,
        ("sales", "SOURCE_NAME_UNDEFINED"): 2.5,
        ("values", "SOURCE_NAME_UNDEFINED"): 8.5,
    }


@pytest.mark.honours("PutEvents", "a recommendationId attributes the event to its campaign")
def test_a_recommendation_id_leads_back_to_the_campaign(trained_shop):
    arn = attribute(trained_shop, CLICKS)
    shown = trained_shop.recommend("popular", userId="user-1")

    put(trained_shop, "Click", recommendationId=shown["recommendationId"], item=ids(shown)[0])

    assert measured(trained_shop) == {("clicks", trained_shop.campaigns["popular"]): 1.0}
    trained_shop.control.delete_metric_attribution(metricAttributionArn=arn)


def report_schema():
    document = json.loads(schema_text("Interactions"))
    document["fields"] += [
        {"name": name, "type": ["string", "null"]} for name in ("RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE")
    ]
    document["fields"].append({"name": "VIEWED_SHARE", "type": ["float", "null"]})
    return json.dumps(document)


def import_clicks(shop, job, mode="FULL", count=3, begin=900, **request):
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,RECOMMENDATION_ID,EVENT_ATTRIBUTION_SOURCE,VIEWED_SHARE"]
    lines += [f"u-{place},i,{begin + place % 900},Click,,,{'mail' if place else ''},0.5" for place in range(count)]
    location = shop.s3.put("data", f"attribution/{job}.csv", "\n".join(lines) + "\n")
    return shop.load("Interactions", location, job, mode, may_fail=True, **request)


@pytest.fixture
def reporting_shop(engine, s3, request):
    account = f"{zlib.crc32(request.node.nodeid.encode()):012d}"
    shop = Shop(engine, s3, account, schemas={"Items": schema_text("Items"), "Interactions": report_schema()})
    shop.track()
    return shop


@pytest.mark.honours("CreateDatasetImportJob", "publishAttributionMetricsToS3 writes the documented report")
def test_an_import_publishes_a_report_to_s3(reporting_shop):
    shop = reporting_shop
    path = f"s3://data/reports/{shop.account}/"
    attribute(shop, CLICKS, output={**OUTPUT, "s3DataDestination": {"path": path}})

    job = import_clicks(shop, "published", publishAttributionMetricsToS3=True)

    (key,) = shop.s3.keys("data", f"reports/{shop.account}/")
    assert job["status"] == "ACTIVE", job.get("failureReason")
    assert job["publishAttributionMetricsToS3"] is True
    assert re.fullmatch(rf"reports/{shop.account}/AggregatedAttributionMetrics - FULL - \d{{10}}\.csv", key)
    assert list(csv.reader(io.StringIO(shop.s3.get("data", key)))) == [
        ["METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP"],
        ["clicks", "Click", "1.0", "samplecount", "SOURCE_NAME_UNDEFINED", "900"],
        ["clicks", "Click", "2.0", "samplecount", "mail", "900"],
    ]
    assert measured(shop) == {}


@pytest.mark.honours("CreateMetricAttribution", "custom columns are summed, whether streamed or imported")
def test_a_column_of_ones_own_is_summed(reporting_shop):
    shares = {"eventType": "Click", "metricName": "shares", "expression": "SUM(Interactions.VIEWED_SHARE)"}
    attribute(reporting_shop, shares)
    put(reporting_shop, "Click", properties=json.dumps({"viewedShare": 0.25}))
    put(reporting_shop, "Click")
    import_clicks(reporting_shop, "first")
    import_clicks(reporting_shop, "shares", "INCREMENTAL", 1001, begin=int(time.time()) - 2000)

    assert measured(reporting_shop) == {("shares", "SOURCE_NAME_UNDEFINED"): 0.75, ("shares", "mail"): 500.0}


@pytest.mark.honours("CreateDatasetImportJob", "incremental imports count for metric attribution, FULL ones do not")
def test_only_recent_rows_of_incremental_imports_are_counted(reporting_shop):
    attribute(reporting_shop, CLICKS)
    import_clicks(reporting_shop, "full", begin=int(time.time()) - 5000)
    import_clicks(reporting_shop, "recent", "INCREMENTAL", 1001, begin=int(time.time()) - 2000)
    import_clicks(reporting_shop, "old", "INCREMENTAL", 1001)

    assert measured(reporting_shop) == {("clicks", "mail"): 1000.0, ("clicks", "SOURCE_NAME_UNDEFINED"): 1.0}


@pytest.mark.honours(
    "CreateDatasetImportJob", "a report that cannot be written fails the import, which then stores nothing"
)
def test_a_report_that_cannot_be_written_fails_the_import(reporting_shop):
    attribute(reporting_shop, CLICKS, output={**OUTPUT, "s3DataDestination": {"path": "s3://forbidden/x"}})

    job = import_clicks(reporting_shop, "unpublished", publishAttributionMetricsToS3=True)

    assert job["status"] == "CREATE FAILED"
    assert "insufficient privileges to write" in job["failureReason"]


@pytest.mark.honours(
    "CreateDatasetImportJob", "publishing needs interactions and a metric attribution with an S3 location"
)
def test_publishing_without_a_place_for_it_is_refused(shop):
    def publish(dataset):
        shop.load(dataset, "s3://data/x.csv", "x", publishAttributionMetricsToS3=True)

    with pytest.raises(ClientError, match="needs an active metric attribution"):
        publish("Interactions")
    with pytest.raises(ClientError, match="is for imports of interactions"):
        publish("Items")
    attribute(shop, CLICKS, output={"roleArn": ROLE})
    with pytest.raises(ClientError, match="with an s3DataDestination"):
        publish("Interactions")


@pytest.mark.honours("UpdateMetricAttribution", "metrics and the location of reports change at once")
@pytest.mark.honours("DescribeMetricAttribution", "the output and the status; the metrics are listed separately")
@pytest.mark.honours("ListMetricAttributionMetrics", "in pages, oldest first")
def test_metrics_are_added_and_removed(shop):
    arn = attribute(shop, CLICKS, SALES)
    put(shop, "Click")

    shop.control.update_metric_attribution(
        metricAttributionArn=arn,
        addMetrics=[VALUES],
        removeMetrics=["sales"],
        metricsOutputConfig={"roleArn": ROLE, "s3DataDestination": {"path": "s3://data/elsewhere"}},
    )
    put(shop, "Buy", eventValue=2.0)

    pages = shop.control.get_paginator("list_metric_attribution_metrics").paginate(
        metricAttributionArn=arn, PaginationConfig={"PageSize": 1}
    )
    assert [metric for page in pages for metric in page["metrics"]] == [CLICKS, VALUES]
    described = shop.control.describe_metric_attribution(metricAttributionArn=arn)["metricAttribution"]
    assert described["metricsOutputConfig"]["s3DataDestination"] == {"path": "s3://data/elsewhere"}
    assert measured(shop) == {("clicks", "SOURCE_NAME_UNDEFINED"): 1.0, ("values", "SOURCE_NAME_UNDEFINED"): 2.0}
    with pytest.raises(shop.control.exceptions.ResourceAlreadyExistsException, match="clicks"):
        shop.control.update_metric_attribution(metricAttributionArn=arn, addMetrics=[CLICKS])
    with pytest.raises(shop.control.exceptions.InvalidInputException, match="no metric sales"):
        shop.control.update_metric_attribution(metricAttributionArn=arn, removeMetrics=["sales"])


@pytest.mark.honours("CreateMetricAttribution", "one per dataset group, at most ten metrics, columns of numbers only")
def test_what_cannot_be_attributed_is_refused(shop):
    refused = shop.control.exceptions
    wrong = {**SALES, "expression": "SUM(Items.CATEGORY)"}
    with pytest.raises(refused.InvalidInputException, match="CATEGORY is of type string"):
        attribute(shop, wrong)
    with pytest.raises(refused.InvalidInputException, match="named twice"):
        attribute(shop, CLICKS, CLICKS)
    with pytest.raises(refused.InvalidInputException, match="at least one metric"):
        attribute(shop)
    with pytest.raises(refused.InvalidInputException, match="11 members"):
        attribute(shop, *({**CLICKS, "metricName": f"m-{place}"} for place in range(11)))
    attribute(shop, CLICKS)
    with pytest.raises(refused.LimitExceededException):
        attribute(shop, CLICKS, name="second")


@pytest.mark.honours("DeleteMetricAttribution", "nothing is measured any more, and another one can be created")
@pytest.mark.honours("ListMetricAttributions", "by dataset group")
def test_a_deleted_attribution_measures_nothing(shop):
    arn = attribute(shop, CLICKS)
    assert [
        attribution["metricAttributionArn"]
        for attribution in shop.control.list_metric_attributions(datasetGroupArn=shop.group)["metricAttributions"]
    ] == [arn]

    delete(shop.control, "metric_attribution", metricAttributionArn=arn)
    put(shop, "Click")

    assert measured(shop) == {}
    assert shop.control.list_metric_attributions(datasetGroupArn=shop.group)["metricAttributions"] == []
    attribute(shop, CLICKS, name="another")


@pytest.mark.honours("PutEvents", "metrics continue after a restart of the engine")
def test_a_killed_engine_goes_on_measuring(own_engine, s3):
    shop = Shop(own_engine, s3)
    shop.track()
    attribute(shop, CLICKS)
    own_engine.kill()
    own_engine.start()

    put(shop, "Click")

    assert measured(shop) == {("clicks", "SOURCE_NAME_UNDEFINED"): 1.0}
