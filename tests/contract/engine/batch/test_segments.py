"""Batch segment jobs: for items or attributes in a file, the users who are likely to interact with them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.running_engine import ROLE, until_settled, until_status
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import schema_text, shop_rows

AFFINITY, BY_ATTRIBUTES = "aws-item-affinity", "aws-item-attribute-affinity"


class SegmentShop(Shop):
    """A shop with a version of each of some recipes."""

    versions: dict[str, str]


@pytest.fixture(scope="module")
def shop(engine, s3):
    made = SegmentShop(engine, s3, account="555500000001")
    made.add_dataset("Users", schema_text("Users"))
    made.fill()
    for place, group in enumerate(["old", "young"] * 60):
        made.put_user(f"user-{place}", ageGroup=group)
    made.versions = {name: made.train(name, name)["solutionVersionArn"] for name in (AFFINITY, BY_ATTRIBUTES)}
    return made


def start(shop, recipe, job, lines, **request):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    location = shop.s3.put("data", f"segments/{job}/in.json", text)
    return shop.control.create_batch_segment_job(
        jobName=job,
        solutionVersionArn=shop.versions[recipe],
        jobInput={"s3DataSource": {"path": location}},
        jobOutput={"s3DataDestination": {"path": f"s3://data/segments/{job}/out/"}},
        roleArn=ROLE,
        **request,
    )["batchSegmentJobArn"]


def finished(shop, arn):
    return until_settled(lambda: shop.control.describe_batch_segment_job(batchSegmentJobArn=arn), allowed_failure=True)


def segments(shop, recipe, job, lines, **request):
    done = finished(shop, start(shop, recipe, job, lines, **request))
    assert done["status"] == "ACTIVE", done.get("failureReason")
    return [json.loads(line) for line in shop.s3.get("data", f"segments/{job}/out/in.json.out").splitlines()]


def fans(shelf):
    """Return how often each user has interacted with items of a shelf."""
    counts: dict[str, int] = {}
    for user, item, _, _ in shop_rows():
        if item.startswith(f"item-{shelf}-"):
            counts[user] = counts.get(user, 0) + 1
    return counts


@pytest.mark.honours("CreateBatchSegmentJob", "Item-Affinity: 25 users by default, the most likely first")
@pytest.mark.honours("CreateBatchSegmentJob", "the users of a line as recommendedUsers and as usersList")
@pytest.mark.honours(
    "DescribeBatchSegmentJob", "CREATE PENDING, CREATE IN_PROGRESS, ACTIVE, with the members of the request"
)
def test_the_users_of_an_item_are_those_who_like_its_shelf(shop):
    known, unknown = segments(shop, AFFINITY, "item", [{"itemId": "item-4-1"}, {"itemId": "nothing"}])

    users = known["output"]["recommendedUsers"]
    assert known["output"] == {"recommendedUsers": users, "usersList": users}
    assert known["input"] == {"itemId": "item-4-1"}
    assert len(users) == len(set(users)) == 25
    assert sum(user in fans(4) for user in users[:10]) >= 8
    assert unknown["output"] is None
    assert "nothing" in unknown["error"]


@pytest.mark.honours("CreateBatchSegmentJob", "Item-Attribute-Affinity: attributes joined by AND")
def test_the_users_of_attributes_are_those_who_like_such_items(shop):
    lines = [
        {"itemAttributes": 'ITEMS.category = "shelf 7" AND ITEMS.category = "all"'},
        {"itemAttributes": 'ITEMS.category = "shelf 7" OR ITEMS.category = "all"'},
        {"itemAttributes": 'ITEMS.category = "no such shelf"'},
        {"itemId": "item-7-1"},
        {"itemAttributes": 'ITEMS.category = "shelf 7" AND ITEMS.price = 9.5'},
        {"itemAttributes": 'ITEMS.category = "shelf 7" AND ITEMS.price = 1'},
    ]
    found, joined, unknown, missing, priced, dear = segments(shop, BY_ATTRIBUTES, "attributes", lines, numResults=10)

    users = found["output"]["recommendedUsers"]
    assert len(users) == 10
    assert sum(user in fans(7) for user in users) >= 8
    assert "by AND only" in joined["error"]
    assert "no such shelf" in unknown["error"]
    assert "itemAttributes is required" in missing["error"]
    assert sum(user in fans(7) for user in priced["output"]["recommendedUsers"]) >= 8
    assert "no item has all of" in dear["error"]


@pytest.fixture(scope="module")
def old_users(shop):
    return shop.add_filter("segment-ages", "INCLUDE UserID WHERE Users.AGE_GROUP IN ($AGE)")


@pytest.mark.honours("CreateBatchSegmentJob", "a filter of users takes its values from each line")
def test_each_line_brings_the_values_of_the_filter(shop, old_users):
    lines = [{"itemId": "item-4-1", "filterValues": {"AGE": f'"{age}"'}} for age in ("old", "young")]
    old, young = segments(shop, AFFINITY, "filtered", lines, filterArn=old_users, numResults=100)

    numbers = [
        {int(user.removeprefix("user-")) % 2 for user in line["output"]["recommendedUsers"]} for line in (old, young)
    ]
    assert numbers == [{0}, {1}]
    assert len(old["output"]["recommendedUsers"]) == 60


@pytest.mark.honours("CreateDataDeletionJob", "a deleted user is in no segment, not even of a version trained before")
def test_deleted_users_are_in_no_segment(shop):
    def models_with(user):
        return [path for path in shop.engine.directory.glob("versions/*/model.json") if f'"{user}"' in path.read_text()]

    first = segments(shop, AFFINITY, "before", [{"itemId": "item-9-1"}])[0]["output"]["recommendedUsers"]
    before = models_with(first[0])
    arn = shop.control.create_data_deletion_job(
        jobName="segments",
        datasetGroupArn=shop.group,
        dataSource={"dataLocation": shop.s3.put("data", "segments/gone.csv", f"USER_ID\n{first[0]}\n")},
        roleArn=ROLE,
    )["dataDeletionJobArn"]
    until_status(lambda: shop.control.describe_data_deletion_job(dataDeletionJobArn=arn), "COMPLETED")

    left = segments(shop, AFFINITY, "after", [{"itemId": "item-9-1"}], numResults=1000)[0]["output"]["recommendedUsers"]

    assert len(models_with(first[0])) == len(before) - len(shop.versions)
    assert first[0] not in left
    assert left[:24] == first[1:]


@pytest.mark.honours("CreateBatchSegmentJob", "at most 500 items or 10 expressions a job")
@pytest.mark.parametrize(
    ("recipe", "line", "most"),
    [(AFFINITY, {"itemId": "x"}, 500), (BY_ATTRIBUTES, {"itemAttributes": 'ITEMS.category = "all"'}, 10)],
)
def test_too_many_questions_fail_the_job(shop, recipe, line, most):
    done = finished(shop, start(shop, recipe, f"many-{most}", [line] * (most + 1)))

    assert done["status"] == "CREATE FAILED"
    assert f"the input has {most + 1} records; it may have {most}" in done["failureReason"]


@pytest.mark.honours("CreateBatchSegmentJob", "requests that yield no segments are refused at creation")
def test_what_makes_no_sense_is_refused(shop, trained_shop):
    popular = trained_shop.control.describe_campaign(campaignArn=trained_shop.campaigns["popular"])["campaign"]
    with pytest.raises(ClientError, match="makes no segments"):
        trained_shop.control.create_batch_segment_job(
            jobName="x",
            solutionVersionArn=popular["solutionVersionArn"],
            jobInput={"s3DataSource": {"path": "s3://data/x"}},
            jobOutput={"s3DataDestination": {"path": "s3://data/y"}},
            roleArn=ROLE,
        )
    with pytest.raises(ClientError, match="numResults must be from 1 to 5000000"):
        start(shop, AFFINITY, "x", [], numResults=5_000_001)
    by_events = shop.add_filter("by-events", 'EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("View")')
    with pytest.raises(ClientError, match="a filter by interactions cannot be used"):
        start(shop, BY_ATTRIBUTES, "x", [], filterArn=by_events)


@pytest.mark.honours("ListBatchSegmentJobs", "jobs of a solution version")
def test_jobs_are_listed_by_version(shop):
    finished(shop, start(shop, AFFINITY, "listed", [{"itemId": "item-1-1"}]))

    listed = shop.control.list_batch_segment_jobs(solutionVersionArn=shop.versions[AFFINITY])["batchSegmentJobs"]

    assert "listed" in {job["jobName"] for job in listed}
    assert {job["solutionVersionArn"] for job in listed} == {shop.versions[AFFINITY]}
