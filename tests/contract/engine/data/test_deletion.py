"""Data deletion jobs: users and all that they did are gone, from answers and from disk, whenever the engine dies."""

from __future__ import annotations

import time

import pytest

from tests.contract.engine.calls import export, send
from tests.contract.engine.running_engine import ROLE, until_status
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import interactions_csv, schema_text, shop_rows

USERS_CSV = "USER_ID,AGE_GROUP\nuser-1,secret-age\nuser-2,old\n"
GONE = ("user-1", "secret-session", "secret-age", "secret-item")


def start(shop, location, job):
    request = {"jobName": job, "datasetGroupArn": shop.group, "dataSource": {"dataLocation": location}}
    return shop.control.create_data_deletion_job(roleArn=ROLE, **request)["dataDeletionJobArn"]


def until_done(shop, arn):
    return until_status(lambda: shop.control.describe_data_deletion_job(dataDeletionJobArn=arn), "COMPLETED", "FAILED")


def delete(shop, location, job):
    return until_done(shop, start(shop, location, job))


def fill(shop):
    """Give a shop two users in every place where the engine keeps data."""
    shop.track()
    shop.add_dataset("Users", schema_text("Users"))
    rows = [row for row in shop_rows() if row[0] in {"user-1", "user-2", "user-3"}]
    shop.load("Interactions", shop.s3.put("data", f"deletion/{shop.account}.csv", interactions_csv(rows)), "i")
    shop.load("Users", shop.s3.put("data", "deletion/users.csv", USERS_CSV), "u")
    send(shop, None, ["secret-item"], session="secret-session")
    send(shop, "user-1", ["item-0-0"], session="secret-session")
    send(shop, "user-3", ["kept-item"], session="other-session")
    for user, group in (("user-1", "secret-age"), ("user-3", "young")):
        shop.put_user(user, ageGroup=group)
    return [row for row in rows if row[0] == "user-1"]


def on_disk(directory):
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


def exported(shop, dataset, job):
    export(shop, dataset, job, ingestionMode="ALL", path=f"s3://data/deletion/{shop.account}")
    return shop.s3.get("data", f"deletion/{shop.account}/{job}.csv")


@pytest.mark.honours(
    "CreateDataDeletionJob", "interactions, anonymous sessions and rows of the users are deleted permanently"
)
@pytest.mark.honours("DescribeDataDeletionJob", "PENDING, IN_PROGRESS, COMPLETED, and how many records were deleted")
def test_users_are_gone_from_exports_and_from_disk_and_others_stay(own_engine, s3):
    shop = Shop(own_engine, s3)
    mine = fill(shop)

    job = delete(shop, s3.put("data", "deletion/list.csv", "USER_ID\nuser-1\nnobody\n"), "gone")

    assert job["status"] == "COMPLETED"
    assert job["numDeleted"] == len(mine) + 2 + 2
    for _ in range(2):
        interactions, users = exported(shop, "Interactions", f"i-{_}"), exported(shop, "Users", f"u-{_}")
        assert not any(word in interactions + users for word in GONE)
        assert "kept-item" in interactions
        assert "user-2" in interactions
        assert "user-2,old" in users
        assert "user-3,young" in users
        own_engine.stop()
        content = on_disk(own_engine.directory)
        assert not any(word.encode() in content for word in GONE)
        own_engine.start()


@pytest.mark.honours("CreateDataDeletionJob", "a job resumes after the engine was killed at any moment")
@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.0])
def test_a_deletion_that_was_killed_goes_on(own_engine, s3, seconds):
    shop = Shop(own_engine, s3)
    mine = fill(shop)
    arn = start(shop, s3.put("data", "deletion/killed.csv", "USER_ID\nuser-1\n"), "killed")

    time.sleep(seconds)
    own_engine.kill()
    own_engine.start()
    job = until_done(shop, arn)

    assert job["status"] == "COMPLETED"
    assert job["numDeleted"] == len(mine) + 2 + 2
    interactions = exported(shop, "Interactions", "i")
    assert not any(word in interactions for word in GONE)
    assert "kept-item" in interactions
    own_engine.stop()
    assert not any(word.encode() in on_disk(own_engine.directory) for word in GONE)


@pytest.mark.honours(
    "CreateDataDeletionJob", "a deleted user has the recommendations of an unknown user and may return"
)
def test_a_deleted_user_is_a_stranger(engine, s3, new_shop):
    new_shop.track()
    new_shop.fill()
    new_shop.deploy("for-you", "aws-user-personalization-v2")

    def answer(user):
        found = new_shop.recommend("for-you", userId=user, numResults=10)
        return [item["itemId"] for item in found["itemList"] if item.get("reason") != ["Exploration"]]

    known = answer("user-1")
    job = delete(new_shop, s3.put("data", "deletion/stranger.csv", "USER_ID\nuser-1\n"), "stranger")

    assert job["status"] == "COMPLETED"
    assert answer("user-1") != known
    assert set(answer("user-1")) & set(answer("somebody-else"))
    send(new_shop, "user-1", ["item-3-3"])
    assert answer("user-1") != answer("somebody-else")


@pytest.mark.honours("CreateDataDeletionJob", "all .csv files of a folder and of its subfolders, and no other files")
def test_lists_are_found_in_folders_of_folders(new_shop, s3):
    for key, user in (("a.csv", "user-1"), ("deep/er/b.csv", "user-2"), ("c.txt", "user-3")):
        s3.put("data", f"lists/{key}", f"USER_ID\n{user}\n")
    rows = [row for row in shop_rows() if row[0] in {"user-1", "user-2", "user-3"}]
    new_shop.load("Interactions", s3.put("data", "deletion/folder.csv", interactions_csv(rows)), "i")

    delete(new_shop, "s3://data/lists/", "folder")

    left = exported(new_shop, "Interactions", "left")
    assert "user-3" in left
    assert "user-1" not in left
    assert "user-2" not in left


@pytest.mark.honours("CreateDataDeletionJob", "a list that cannot be read fails the job with the reason")
@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("s3://data/deletion/wrong.csv", "must have the one column USER_ID"),
        ("s3://data/deletion/nothing/", "is not valid"),
        ("s3://data/only-text/", "holds no .csv files"),
        ("s3://forbidden/x.csv", "insufficient privileges to read"),
    ],
)
def test_a_list_that_cannot_be_read_fails_the_job(new_shop, s3, location, reason):
    s3.put("data", "deletion/wrong.csv", "user-1\nuser-2\n")
    s3.put("data", "only-text/x.txt", "USER_ID\nuser-1\n")

    job = delete(new_shop, location, "fails")

    assert job["status"] == "FAILED"
    assert reason in job["failureReason"]
    assert "user-1" not in job["failureReason"]


@pytest.mark.honours("ListDataDeletionJobs", "by dataset group")
@pytest.mark.honours("CreateDataDeletionJob", "a job name can be used once; the list of users must be in S3")
def test_deletions_are_listed_and_checked(new_shop, s3):
    place = s3.put("data", "deletion/list.csv", "USER_ID\nuser-1\n")
    delete(new_shop, place, "listed")

    listed = new_shop.control.list_data_deletion_jobs(datasetGroupArn=new_shop.group)["dataDeletionJobs"]
    assert [(job["jobName"], job["status"]) for job in listed] == [("listed", "COMPLETED")]
    with pytest.raises(new_shop.control.exceptions.ResourceAlreadyExistsException):
        delete(new_shop, place, "listed")
    with pytest.raises(new_shop.control.exceptions.InvalidInputException, match="must be s3://"):
        delete(new_shop, "https://example.com/list.csv", "https")
