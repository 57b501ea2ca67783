"""Batch inference jobs: files of questions in S3 become files of the answers that campaigns would give."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from tests.contract.engine.calls import refusal
from tests.contract.engine.running_engine import ROLE, until_settled
from tests.contract.engine.shops import Shop

THEMES = {
    "batchInferenceJobMode": "THEME_GENERATION",
    "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "CATEGORY"}},
}


def version_of(shop, name):
    """Return the version that a campaign of the shop answers with."""
    return shop.control.describe_campaign(campaignArn=shop.campaigns[name])["campaign"]["solutionVersionArn"]


def start(shop, name, job, lines, *, source=None, target=None, **request):
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    location = source or shop.s3.put("data", f"batch/{job}/in.json", text)
    return shop.control.create_batch_inference_job(
        jobName=job,
        solutionVersionArn=version_of(shop, name),
        jobInput={"s3DataSource": {"path": location}},
        jobOutput={"s3DataDestination": {"path": target or f"s3://data/batch/{job}/out/"}},
        roleArn=ROLE,
        **request,
    )["batchInferenceJobArn"]


def finished(shop, arn):
    return until_settled(
        lambda: shop.control.describe_batch_inference_job(batchInferenceJobArn=arn), allowed_failure=True
    )


def answers(shop, name, job, lines, **request):
    done = finished(shop, start(shop, name, job, lines, **request))
    assert done["status"] == "ACTIVE", done.get("failureReason")
    return [json.loads(line) for line in shop.s3.get("data", f"batch/{job}/out/in.json.out").splitlines()]


@pytest.mark.honours(
    "CreateBatchInferenceJob", "items, scores and reasons of each user, equal to the campaign's answer"
)
@pytest.mark.honours(
    "DescribeBatchInferenceJob", "CREATE PENDING, CREATE IN_PROGRESS, ACTIVE, with the members of the request"
)
def test_users_get_what_their_campaign_would_answer(trained_shop):
    lines = answers(trained_shop, "for-you", "people", [{"userId": "user-1"}, {"userId": "stranger"}], numResults=7)

    asked = trained_shop.recommend("for-you", userId="user-1", numResults=7)["itemList"]
    first, stranger = lines
    assert first["input"] == {"userId": "user-1"}
    assert first["error"] is None
    assert first["output"]["recommendedItems"] == [item["itemId"] for item in asked]
    assert first["output"]["scores"] == pytest.approx([item["score"] for item in asked])
    assert first["output"]["reasons"] == [item.get("reason", []) for item in asked]
    assert len(stranger["output"]["recommendedItems"]) == 7
    assert trained_shop.s3.keys("data", "batch/people/out/") == [
        "batch/people/out/_CHECK",
        "batch/people/out/in.json.out",
    ]


@pytest.mark.honours("CreateBatchInferenceJob", "related and popular items have no scores; 25 items by default")
@pytest.mark.parametrize(("name", "line"), [("similar", {"itemId": "item-1-1"}), ("popular", {"userId": "user-1"})])
def test_related_and_popular_items_have_no_scores(trained_shop, name, line):
    (answer,) = answers(trained_shop, name, f"plain-{name}", [line])

    assert set(answer["output"]) == {"recommendedItems"}
    assert len(answer["output"]["recommendedItems"]) == 25


@pytest.mark.honours("CreateBatchInferenceJob", "items of an itemList are ranked for the user, with scores")
def test_given_items_are_ranked(trained_shop):
    given = ["item-0-0", "item-1-0", "item-2-0"]
    (answer,) = answers(trained_shop, "ranking", "ranked", [{"userId": "user-1", "itemList": given}])

    asked = trained_shop.rank("user-1", given)
    assert answer["output"]["recommendedItems"] == [item["itemId"] for item in asked]
    assert all(higher >= lower for higher, lower in pairwise(answer["output"]["scores"]))
    assert sum(answer["output"]["scores"]) == pytest.approx(1.0)


@pytest.mark.differs(
    "CreateBatchInferenceJob",
    "a line with the metadata column EXPLANATION has an explanation of each item in its output",
)
def test_a_line_may_ask_why(trained_shop):
    asked = {"userId": "user-1", "metadataColumns": {"ITEMS": ["EXPLANATION"]}}
    other = {"userId": "user-1", "metadataColumns": {"ITEMS": ["PRICE"]}}

    plain, explained, refused = answers(
        trained_shop, "for-you", "explained", [{"userId": "user-1"}, asked, other], numResults=60
    )

    assert explained["output"]["recommendedItems"] == plain["output"]["recommendedItems"]
    assert [
        round(sum(part["weight"] for part in explanation), 6) for explanation in explained["output"]["explanations"]
    ] == [1.0] * 60
    assert "explanations" not in plain["output"]
    assert refused["error"] == 'metadataColumns of a line is {"ITEMS": ["EXPLANATION"]} or left out'


@pytest.mark.honours(
    "CreateBatchInferenceJob", "a line with an error has its error in the output; the other lines are answered"
)
def test_each_line_has_its_own_error(trained_shop):
    lines = ["not JSON", '["a list"]', {"itemId": "x"}, {"userId": 7}, {"userId": "user-1", "filterValues": 7}, ""]
    found = answers(trained_shop, "for-you", "errors", [*lines, {"userId": "user-1"}])

    assert [line["error"] for line in found] == [
        "the line is not valid JSON",
        "the line must be a JSON object",
        "userId is required and must be a string",
        "userId is required and must be a string",
        "filterValues must be an object of strings",
        None,
    ]
    assert all((line["output"] is None) == (line["error"] is not None) for line in found)


def shelves_of(line):
    # Items that other tests put belong to several shelves.
    items = line["output"]["recommendedItems"]
    return {item.split("-")[1] for item in items if item.startswith(("item-", "new-"))}


@pytest.fixture(scope="module")
def shelf_filter(trained_shop):
    return trained_shop.add_filter("batch-shelf", "INCLUDE ItemID WHERE Items.CATEGORY IN ($SHELF)")


@pytest.mark.honours("CreateBatchInferenceJob", "a filter takes its values from each line")
def test_each_line_brings_the_values_of_the_filter(trained_shop, shelf_filter):
    shelves = ('"shelf 3"', '"shelf 7","shelf 8"')
    lines = [{"userId": "user-1", "filterValues": {"SHELF": shelf}} for shelf in shelves]
    first, second, without = answers(
        trained_shop, "for-you", "filtered", [*lines, {"userId": "user-1"}], filterArn=shelf_filter, numResults=20
    )

    assert shelves_of(first) == {"3"}
    assert shelves_of(second) == {"7", "8"}
    assert "SHELF" in without["error"]


@pytest.mark.honours("CreateBatchInferenceJob", "themes for similar items, with a relevance for each item")
@pytest.mark.differs(
    "CreateBatchInferenceJob", "a theme consists of words that the items share, without a language model"
)
def test_similar_items_get_a_theme(trained_shop):
    (answer,) = answers(trained_shop, "similar", "themed", [{"itemId": "item-5-1"}], **THEMES, numResults=5)

    output = answer["output"]
    assert set(output) == {"recommendedItems", "theme", "itemsThemeRelevanceScores"}
    assert len(output["recommendedItems"]) == len(output["itemsThemeRelevanceScores"]) == 5
    assert output["itemsThemeRelevanceScores"] == sorted(output["itemsThemeRelevanceScores"], reverse=True)
    assert all(-0.1 <= score <= 0.6 for score in output["itemsThemeRelevanceScores"])
    assert output["theme"]


@pytest.mark.honours(
    "CreateBatchInferenceJob", "every file whose key begins with the input path is read and has an output file"
)
def test_all_files_of_a_folder_are_answered(trained_shop):
    for key in ("a.json", "deep/b.json", "a.json.out"):
        trained_shop.s3.put("data", f"batch/folder/in/{key}", '{"userId": "user-1"}\n')

    arn = start(
        trained_shop, "popular", "folder", [], source="s3://data/batch/folder/in/", target="s3://data/batch/folder/out"
    )

    assert finished(trained_shop, arn)["status"] == "ACTIVE"
    assert trained_shop.s3.keys("data", "batch/folder/out/") == [
        "batch/folder/out/_CHECK",
        "batch/folder/out/a.json.out",
        "batch/folder/out/deep/b.json.out",
    ]


@pytest.mark.honours(
    "CreateBatchInferenceJob", "an S3 location that cannot be read or written fails the job with the reason"
)
@pytest.mark.parametrize(
    ("job", "place", "reason"),
    [
        ("no-input", {"source": "s3://data/nothing/here"}, "the input path s3://data/nothing/here is not valid"),
        ("forbidden-input", {"source": "s3://forbidden/x"}, "insufficient privileges to read"),
        ("forbidden-output", {"target": "s3://forbidden/x"}, "insufficient privileges to write"),
    ],
)
def test_a_place_that_gives_or_takes_nothing_fails_the_job(trained_shop, job, place, reason):
    done = finished(trained_shop, start(trained_shop, "popular", job, [{"userId": "user-1"}], **place))

    assert done["status"] == "CREATE FAILED"
    assert reason in done["failureReason"]


@pytest.mark.honours("CreateBatchInferenceJob", "at most 100 records in THEME_GENERATION mode")
def test_too_many_records_for_themes_fail_the_job(trained_shop):
    items = [{"itemId": f"item-{place}"} for place in range(101)]

    arn = start(trained_shop, "similar", "many-themes", items, **THEMES)

    assert "the input has 101 records; it may have 100" in finished(trained_shop, arn)["failureReason"]


@pytest.mark.honours("CreateBatchInferenceJob", "requests that no batch job can answer are refused at creation")
@pytest.mark.parametrize(
    ("name", "request_", "reason"),
    [
        ("for-you", {"numResults": 501}, "numResults must be from 1 to 500"),
        ("for-you", {"batchInferenceJobMode": "THEME_GENERATION"}, "has no themes"),
        ("similar", {"batchInferenceJobMode": "THEME_GENERATION"}, "themeGenerationConfig is required"),
        (
            "similar",
            {**THEMES, "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "PRICE"}}},
            "must name a string column",
        ),
        ("popular", {"batchInferenceJobConfig": {"rankingInfluence": {"FRESHNESS": 0.5}}}, "rankingInfluence"),
        ("popular", {"target": "https://example.com/x"}, "must be s3://"),
    ],
)
def test_what_makes_no_sense_is_refused(trained_shop, name, request_, reason):
    refused = refusal(start, trained_shop, name, "refused", [], source="s3://data/x", **request_)

    assert refused.code == "InvalidInputException"
    assert reason in refused.message


@pytest.mark.honours("ListBatchInferenceJobs", "jobs of a solution version, in pages")
@pytest.mark.honours("CreateBatchInferenceJob", "a job name can be used once")
def test_jobs_are_listed_by_version(trained_shop):
    for job in ("listed-1", "listed-2"):
        finished(trained_shop, start(trained_shop, "popular", job, [{"userId": "u"}]))

    pages = trained_shop.control.get_paginator("list_batch_inference_jobs").paginate(
        solutionVersionArn=version_of(trained_shop, "popular"), PaginationConfig={"PageSize": 1}
    )
    listed = [job for page in pages for job in page["batchInferenceJobs"]]
    assert {"listed-1", "listed-2"} <= {job["jobName"] for job in listed}
    assert {job["solutionVersionArn"] for job in listed} == {version_of(trained_shop, "popular")}
    assert {job["batchInferenceJobMode"] for job in listed} == {"BATCH_INFERENCE"}
    with pytest.raises(trained_shop.control.exceptions.ResourceAlreadyExistsException):
        start(trained_shop, "popular", "listed-1", [])


@pytest.mark.honours("CreateBatchInferenceJob", "a job resumes after the engine was killed")
def test_a_job_that_was_killed_goes_on(slow_engine, s3):
    shop = Shop(slow_engine, s3)
    shop.fill()
    shop.deploy("popular", "aws-popularity-count")
    arn = start(shop, "popular", "killed", [{"userId": f"user-{place}"} for place in range(300)])

    slow_engine.kill()
    slow_engine.start()

    done = finished(shop, arn)

    assert done["status"] == "ACTIVE"
    assert len(s3.get("data", "batch/killed/out/in.json.out").splitlines()) == 300
