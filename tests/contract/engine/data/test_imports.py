"""Bulk imports: what a file may hold, why an import fails, and what FULL and INCREMENTAL leave."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contract.engine.calls import event, put_events
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import START, interactions_csv, shop_rows

HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n"
GOOD = f"u,i,{START},View,\n"


@pytest.fixture(scope="module")
def shop(engine, s3):
    return Shop(engine, s3, account="777777777777")


@pytest.mark.honours(
    "CreateDatasetImportJob",
    "fails with the reason: columns missing, by name, lengths, types, milliseconds, empty values, keywords, quoting",
)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("USER_ID,TIMESTAMP\nu,1\n", "lacks columns of the schema: [ITEM_ID, EVENT_TYPE, EVENT_VALUE]"),
        (
            HEADER + GOOD + f"{'u' * 257},i,{START},View,\n",
            "column USER_ID has a value of 257 characters; it may have 256",
        ),
        (HEADER + f"u,i,{START}000,View,\n", "column TIMESTAMP must hold Unix time in seconds, not in milliseconds"),
        (HEADER + "u,i,yesterday,View,\n", "column TIMESTAMP must hold values of type long"),
        (HEADER + f",i,{START},View,\n", "column USER_ID is empty and may not be null"),
        (HEADER + f"u,ITEM_ID,{START},View,\n", "holds the reserved keyword ITEM_ID as a value"),
        (HEADER + f"u,i,{START},View\n", "the header names 5 columns and this record has 4"),
        (HEADER + f'u,"i,{START},View,\n', "line 2"),
        (HEADER, "holds no records"),
        ("", "is empty: a header is needed"),
    ],
    ids=["columns", "length", "milliseconds", "type", "empty value", "keyword", "width", "quote", "no rows", "empty"],
)
def test_a_bad_file_fails_the_job_with_the_reason(shop, text, reason, request):
    name = "bad-" + request.node.callspec.id.replace(" ", "-")
    location = shop.s3.put("data", f"bad/{name}.csv", text)

    job = shop.load("Interactions", location, name, may_fail=True)

    assert job["status"] == "CREATE FAILED"
    assert reason in job["failureReason"]


@pytest.mark.honours("CreateDatasetImportJob", "fails with the reason where S3 denies access or holds nothing there")
@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("s3://forbidden/x.csv", "insufficient privileges"),
        ("s3://no-bucket/x.csv", "is not valid"),
        ("s3://data/no-key.csv", "is not valid"),
        ("s3://data/no-folder/", "holds no files"),
    ],
)
def test_a_place_that_cannot_be_read_fails_the_job(shop, location, reason):
    shop.s3.put("data", "some.csv", "x")

    job = shop.load("Interactions", location, location[5:].replace("/", "-").replace(".", "-"), may_fail=True)

    assert job["status"] == "CREATE FAILED"
    assert reason in job["failureReason"]


@pytest.mark.honours("CreateDatasetImportJob", "a folder is read at its first level")
def test_a_folder_is_read_at_its_first_level_and_a_byte_order_mark_does_no_harm(new_shop):
    rows = shop_rows()
    new_shop.s3.put("data", "folder/part-0.csv", "\ufeff" + interactions_csv(rows[:700]))
    new_shop.s3.put("data", "folder/part-1.csv", interactions_csv(rows[700:1400]))
    new_shop.s3.put("data", "folder/deeper/part-2.csv", "nonsense")
    new_shop.s3.put("data", "folder/_SUCCESS", "")

    assert new_shop.load("Interactions", "s3://data/folder/", "folder")["status"] == "ACTIVE"
    assert new_shop.train("popular", "aws-popularity-count")["status"] == "ACTIVE"


def trained_on(shop):
    """Return how many interactions a training finds, by letting it fail for want of them."""
    solutions = shop.control.list_solutions()["solutions"]
    if solutions:
        version = shop.retrain(solutions[0]["solutionArn"], may_fail=True)
    else:
        version = shop.train("popular", "aws-popularity-count", may_fail=True)
    return int(version["failureReason"].split()[2])


@pytest.mark.honours("CreateDatasetImportJob", "FULL replaces imported rows but not streamed ones")
@pytest.mark.honours("CreateDatasetImportJob", "the same interaction counts once")
def test_full_replaces_bulk_rows_but_never_streamed_ones_and_the_same_interaction_counts_once(new_shop):
    rows = shop_rows()
    new_shop.track()
    user, item, moment, kind = rows[0]
    sent_at = datetime.fromtimestamp(moment, UTC)
    for item_id in (item, "streamed-only"):
        put_events(new_shop, event(item_id, eventType=kind, sentAt=sent_at), user=user)

    new_shop.load("Interactions", new_shop.s3.put("data", "a.csv", interactions_csv(rows[:300])), "a")
    assert trained_on(new_shop) == 301

    new_shop.load("Interactions", new_shop.s3.put("data", "b.csv", interactions_csv(rows[:200] * 2)), "b")
    assert trained_on(new_shop) == 201


@pytest.mark.honours("CreateDatasetImportJob", "INCREMENTAL adds, and needs 1,000 interactions")
def test_incremental_adds_and_needs_a_thousand_rows(new_shop):
    rows = shop_rows()
    new_shop.load("Interactions", new_shop.s3.put("data", "#1?;c.csv", interactions_csv(rows[:500])), "c")

    few = new_shop.s3.put("data", "d.csv", interactions_csv(rows[500:900]))
    refused = new_shop.load("Interactions", few, "d", "INCREMENTAL", may_fail=True)
    assert "needs 1000 rows, not 400" in refused["failureReason"]

    more = new_shop.s3.put("data", "e.csv", interactions_csv([*rows[:500], *rows[500:800] * 2]))
    new_shop.load("Interactions", more, "e", "INCREMENTAL")
    assert trained_on(new_shop) == 800
