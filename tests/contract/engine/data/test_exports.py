"""Dataset export jobs: imported and streamed data as CSV in S3."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.engine.calls import MOMENT, event, export, put_events, rows_of, send
from tests.contract.engine.running_engine import ROLE, WAIT_SECONDS, until_settled
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import interactions_csv, shop_rows
from tests.fakes.waiting import wait_until

ROWS = shop_rows()[:30]


@pytest.fixture(scope="module")
def shop(engine, s3):
    """A shop with both imported and streamed interactions and items."""
    made = Shop(engine, s3, account="666600000001")
    made.track()
    made.load("Interactions", s3.put("data", "export/i.csv", interactions_csv([*ROWS, ROWS[0]])), "i")
    send(made, None, ["streamed"], session="anonymous")
    put_events(made, event(None, eventType="Login"), user="late-login", session="anonymous")
    for price in (1, 2):
        made.put_item("new", price=price)
    return made


@pytest.mark.honours("CreateDatasetExportJob", "BULK exports what was imported, PUT what was streamed, ALL both")
@pytest.mark.honours("DescribeDatasetExportJob", "the job with its mode, its output and its state")
@pytest.mark.parametrize(("mode", "count"), [("BULK", 30), ("PUT", 1), ("ALL", 31)])
def test_interactions_are_exported_by_how_they_came_each_once(shop, mode, count):
    job = export(shop, "Interactions", f"interactions-{mode}", ingestionMode=mode)

    rows = rows_of(shop, f"interactions-{mode}")
    assert job["ingestionMode"] == mode
    assert job["jobOutput"] == {"s3DataDestination": {"path": "s3://data/exports/"}}
    assert len(rows) == count
    assert list(rows[0]) == ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE"]
    if mode != "PUT":
        assert tuple(rows[0].values()) == (ROWS[0][0], ROWS[0][1], str(ROWS[0][2]), "View", "")
    if mode != "BULK":
        assert tuple(rows[-1].values()) == ("late-login", "streamed", f"{MOMENT.timestamp():.0f}", "View", "")


@pytest.mark.honours(
    "CreateDatasetExportJob", "an event without a user has the user who was identified last before it in its session"
)
def test_a_late_event_of_a_session_of_two_users_is_that_of_its_time(engine, s3):
    shop = Shop(engine, s3, account="666600000002")
    shop.track()
    rows = [("session#s", "imported", 1_000_000, "View"), *ROWS]
    shop.load("Interactions", s3.put("data", "export/two.csv", interactions_csv(rows)), "i")
    for second, user in ((0, "ann"), (20, "bob"), (10, None)):
        moment = MOMENT + timedelta(seconds=second)
        put_events(shop, event(f"item-{second}", sentAt=moment), user=user, session="session#s")

    export(shop, "Interactions", "two-users", ingestionMode="ALL")

    users = {row["ITEM_ID"]: row["USER_ID"] for row in rows_of(shop, "two-users")}
    assert [users[item] for item in ("item-0", "item-10", "item-20", "imported")] == ["ann", "ann", "bob", "ann"]


@pytest.mark.honours("CreateDatasetExportJob", "PUT is the default; only ALL leaves out older rows of the same item")
def test_of_items_that_were_put_twice_both_rows_are_exported_by_default_and_the_newest_with_all(shop):
    assert export(shop, "Items", "items-put")["ingestionMode"] == "PUT"
    export(shop, "Items", "items-all", ingestionMode="ALL")

    assert [float(row["PRICE"]) for row in rows_of(shop, "items-put")] == [1.0, 2.0]
    assert [float(row["PRICE"]) for row in rows_of(shop, "items-all")] == [2.0]


@pytest.mark.honours("CreateDatasetExportJob", "longs have all of their digits, whether they were imported or put")
def test_longs_keep_their_digits(engine, s3):
    schema = avro_schema("Items", [{"name": "ITEM_ID", "type": "string"}, {"name": "CODE", "type": "long"}])
    shop = Shop(engine, s3, account="666600000003", schemas={"Items": schema})
    imported, put = 2**63 - 1, -(2**53) - 1
    shop.load("Items", s3.put("data", "export/codes.csv", f"ITEM_ID,CODE\na,{imported}\n"), "codes")
    shop.put_item("b", code=put)

    export(shop, "Items", "codes-all", ingestionMode="ALL")

    assert {row["ITEM_ID"]: row["CODE"] for row in rows_of(shop, "codes-all")} == {"a": str(imported), "b": str(put)}


@pytest.mark.honours("CreateDatasetExportJob", "an S3 location that cannot be written fails the job with the reason")
def test_a_place_that_takes_nothing_fails_the_job(shop):
    job = export(shop, "Items", "forbidden", path="s3://forbidden/x/", may_fail=True)

    assert job["status"] == "CREATE FAILED"
    assert "insufficient privileges to write s3://forbidden/x/" in job["failureReason"]


@pytest.mark.honours(
    "CreateDatasetExportJob", "a job name can be used once; the output must be in S3 and the dataset must exist"
)
def test_exports_that_make_no_sense_are_refused(shop):
    export(shop, "Items", "twice")
    with pytest.raises(shop.control.exceptions.ResourceAlreadyExistsException):
        export(shop, "Items", "twice")
    with pytest.raises(shop.control.exceptions.InvalidInputException, match="must be s3://"):
        export(shop, "Items", "https", path="https://example.com/x")
    with pytest.raises(shop.control.exceptions.ResourceNotFoundException):
        shop.control.create_dataset_export_job(
            jobName="no-dataset",
            datasetArn=shop.datasets["Items"].replace("ITEMS", "USERS"),
            roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": "s3://data/exports/"}},
        )


@pytest.mark.honours("DeleteDataset", "refused during an export; deletes its export jobs too")
def test_a_dataset_is_not_deleted_while_it_is_being_exported(slow_engine, s3):
    shop = Shop(slow_engine, s3)
    arn = shop.control.create_dataset_export_job(
        jobName="busy",
        datasetArn=shop.datasets["Items"],
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": "s3://data/exports/"}},
    )["datasetExportJobArn"]
    with pytest.raises(shop.control.exceptions.ResourceInUseException, match="being exported"):
        shop.control.delete_dataset(datasetArn=shop.datasets["Items"])
    until_settled(lambda: shop.control.describe_dataset_export_job(datasetExportJobArn=arn))

    shop.control.delete_dataset(datasetArn=shop.datasets["Items"])
    wait_until(lambda: shop.control.list_dataset_export_jobs()["datasetExportJobs"] == [], WAIT_SECONDS)


@pytest.mark.honours("ListDatasetExportJobs", "jobs of a dataset, in pages")
def test_exports_are_listed_by_dataset(shop):
    export(shop, "Items", "listed-items")
    export(shop, "Interactions", "listed-interactions")

    pages = shop.control.get_paginator("list_dataset_export_jobs").paginate(
        datasetArn=shop.datasets["Interactions"], PaginationConfig={"PageSize": 1}
    )
    names = [job["jobName"] for page in pages for job in page["datasetExportJobs"]]
    assert "listed-interactions" in names
    assert "listed-items" not in names
