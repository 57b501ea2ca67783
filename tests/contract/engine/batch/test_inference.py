"""Batch inference jobs: files of questions in S3 become files of the answers that campaigns would give."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.running_engine import ROLE, RunningEngine, until_settled
from tests.contract.engine.shops import Shop


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


@pytest.mark.honours("CreateBatchInferenceJob", "people's items with scores and reasons, as their campaign answers")
@pytest.mark.honours("DescribeBatchInferenceJob", "PENDING, IN PROGRESS, ACTIVE, with what was asked for")
def test_users_get_what_their_campaign_would_answer(trained_shop):
    lines = answers(trained_shop, "for-you", "people", [{"userId": "user-1"}, {"userId": "stranger"}], numResults=7)

    asked = trained_shop.runtime.get_recommendations(
        campaignArn=trained_shop.campaigns["for-you"], userId="user-1", numResults=7
    )["itemList"]
    first, stranger = lines
    assert first["input"] == {"userId": "user-1"}
    assert first["error"] is None
    assert first["output"]["recommendedItems"] == [one["itemId"] for one in asked]
    assert first["output"]["scores"] == pytest.approx([one["score"] for one in asked])
    assert first["output"]["reasons"] == [one.get("reason", []) for one in asked]
    assert len(stranger["output"]["recommendedItems"]) == 7
    assert trained_shop.s3.keys("data", "batch/people/out/") == [
        "batch/people/out/_CHECK",
        "batch/people/out/in.json.out",
    ]


@pytest.mark.honours("CreateBatchInferenceJob", "related and popular items come without scores, 25 of them by default")
@pytest.mark.parametrize(("name", "line"), [("similar", {"itemId": "item-1-1"}), ("popular", {"userId": "user-1"})])
def test_related_and_popular_items_have_no_scores(trained_shop, name, line):
    (answer,) = answers(trained_shop, name, f"plain-{name}", [line])

    assert set(answer["output"]) == {"recommendedItems"}
    assert len(answer["output"]["recommendedItems"]) == 25


@pytest.mark.honours("CreateBatchInferenceJob", "given items in the order that suits a person, with scores")
def test_given_items_are_ranked(trained_shop):
    given = ["item-0-0", "item-1-0", "item-2-0"]
    (answer,) = answers(trained_shop, "ranking", "ranked", [{"userId": "user-1", "itemList": given}])

    asked = trained_shop.runtime.get_personalized_ranking(
        campaignArn=trained_shop.campaigns["ranking"], userId="user-1", inputList=given
    )["personalizedRanking"]
    assert answer["output"]["recommendedItems"] == [one["itemId"] for one in asked]
    assert all(higher >= lower for higher, lower in pairwise(answer["output"]["scores"]))
    assert sum(answer["output"]["scores"]) == pytest.approx(1.0)


@pytest.mark.differs("CreateBatchInferenceJob", "a line that asks for the column EXPLANATION is told why, item by item")
def test_a_line_may_ask_why(trained_shop):
    asked = {"userId": "user-1", "metadataColumns": {"ITEMS": ["EXPLANATION"]}}
    other = {"userId": "user-1", "metadataColumns": {"ITEMS": ["PRICE"]}}

    plain, told, refused = answers(
        trained_shop, "for-you", "explained", [{"userId": "user-1"}, asked, other], numResults=60
    )

    assert told["output"]["recommendedItems"] == plain["output"]["recommendedItems"]
    assert [round(sum(part["weight"] for part in one), 6) for one in told["output"]["explanations"]] == [1.0] * 60
    assert "explanations" not in plain["output"]
    assert refused["error"] == 'metadataColumns of a line is {"ITEMS": ["EXPLANATION"]} or left out'


@pytest.mark.honours("CreateBatchInferenceJob", "a line that cannot be answered has an error and fails nothing")
def test_each_line_has_its_own_error(trained_shop):
    lines = ["not JSON", '["a list"]', {"itemId": "x"}, {"userId": 7}, {"userId": "user-1", "filterValues": 7}, ""]
    found = answers(trained_shop, "for-you", "errors", [*lines, {"userId": "user-1"}])

    assert [one["error"] for one in found] == [
        "the line is not valid JSON",
        "the line must be a JSON object",
        "userId is required and must be a string",
        "userId is required and must be a string",
        "filterValues must be an object of strings",
        None,
    ]
    assert all((one["output"] is None) == (one["error"] is not None) for one in found)


@pytest.fixture(scope="module")
def shelf_filter(trained_shop):
    arn = trained_shop.control.create_filter(
        name="batch-shelf",
        datasetGroupArn=trained_shop.group,
        filterExpression="INCLUDE ItemID WHERE Items.CATEGORY IN ($SHELF)",
    )["filterArn"]
    until_settled(lambda: trained_shop.control.describe_filter(filterArn=arn))
    return arn


@pytest.mark.honours("CreateBatchInferenceJob", "a filter takes its values from each line")
def test_each_line_brings_the_values_of_the_filter(trained_shop, shelf_filter):
    lines = [{"userId": "user-1", "filterValues": {"SHELF": f'"shelf {shelf}"'}} for shelf in (3, 4)]
    three, four, without = answers(
        trained_shop, "for-you", "filtered", [*lines, {"userId": "user-1"}], filterArn=shelf_filter, numResults=5
    )

    assert all(one.startswith(("item-3-", "new-3")) for one in three["output"]["recommendedItems"])
    assert all(one.startswith(("item-4-", "new-4")) for one in four["output"]["recommendedItems"])
    assert "SHELF" in without["error"]


@pytest.mark.honours("CreateBatchInferenceJob", "themes for similar items, with a relevance for each item")
@pytest.mark.differs(
    "CreateBatchInferenceJob", "a theme names the words that the items share; no language model writes it"
)
def test_similar_items_get_a_theme(trained_shop):
    config = {"fieldsForThemeGeneration": {"itemName": "CATEGORY"}}
    (answer,) = answers(
        trained_shop,
        "similar",
        "themed",
        [{"itemId": "item-5-1"}],
        batchInferenceJobMode="THEME_GENERATION",
        themeGenerationConfig=config,
        numResults=5,
    )

    output = answer["output"]
    assert set(output) == {"recommendedItems", "theme", "itemsThemeRelevanceScores"}
    assert len(output["recommendedItems"]) == len(output["itemsThemeRelevanceScores"]) == 5
    assert output["itemsThemeRelevanceScores"] == sorted(output["itemsThemeRelevanceScores"], reverse=True)
    assert all(-0.1 <= score <= 0.6 for score in output["itemsThemeRelevanceScores"])
    assert output["theme"]


@pytest.mark.honours("CreateBatchInferenceJob", "all files whose keys begin with the input path, each with an output")
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


@pytest.mark.honours("CreateBatchInferenceJob", "places in S3 that give or take nothing fail the job with the reason")
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"source": "s3://data/nothing/here"}, "the input path s3://data/nothing/here is not valid"),
        ({"source": "s3://forbidden/x"}, "insufficient privileges to read"),
        ({"target": "s3://forbidden/x"}, "insufficient privileges to write"),
    ],
)
def test_a_place_that_gives_or_takes_nothing_fails_the_job(trained_shop, place, reason):
    job = f"fails-{abs(hash(reason))}"
    done = finished(trained_shop, start(trained_shop, "popular", job, [{"userId": "user-1"}], **place))

    assert done["status"] == "CREATE FAILED"
    assert reason in done["failureReason"]


@pytest.mark.honours("CreateBatchInferenceJob", "a hundred records at most where themes are asked for")
def test_too_many_records_for_themes_fail_the_job(trained_shop):
    arn = start(
        trained_shop,
        "similar",
        "many-themes",
        [{"itemId": f"item-{place}"} for place in range(101)],
        batchInferenceJobMode="THEME_GENERATION",
        themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "CATEGORY"}},
    )

    assert "the input has 101 records; it may have 100" in finished(trained_shop, arn)["failureReason"]


@pytest.mark.honours("CreateBatchInferenceJob", "what no batch can answer is refused at once")
@pytest.mark.parametrize(
    ("name", "request_", "reason"),
    [
        ("for-you", {"numResults": 501}, "numResults must be from 1 to 500"),
        ("for-you", {"batchInferenceJobMode": "THEME_GENERATION"}, "has no themes"),
        ("similar", {"batchInferenceJobMode": "THEME_GENERATION"}, "themeGenerationConfig is required"),
        (
            "similar",
            {
                "batchInferenceJobMode": "THEME_GENERATION",
                "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "PRICE"}},
            },
            "must name a string column",
        ),
        ("popular", {"batchInferenceJobConfig": {"rankingInfluence": {"FRESHNESS": 0.5}}}, "rankingInfluence"),
        ("popular", {"target": "https://example.com/x"}, "must be s3://"),
    ],
)
def test_what_makes_no_sense_is_refused(trained_shop, name, request_, reason):
    with pytest.raises(ClientError, match=reason) as refused:
        start(trained_shop, name, "refused", [], source="s3://data/x", **request_)

    assert refused.value.response["Error"]["Code"] == "InvalidInputException"


@pytest.mark.honours("ListBatchInferenceJobs", "those of a solution version, page by page")
@pytest.mark.honours("CreateBatchInferenceJob", "names are taken once")
def test_jobs_are_listed_by_version(trained_shop):
    for job in ("listed-1", "listed-2"):
        finished(trained_shop, start(trained_shop, "popular", job, [{"userId": "u"}]))

    pages = trained_shop.control.get_paginator("list_batch_inference_jobs").paginate(
        solutionVersionArn=version_of(trained_shop, "popular"), PaginationConfig={"PageSize": 1}
    )
    listed = [one for page in pages for one in page["batchInferenceJobs"]]
    assert {"listed-1", "listed-2"} <= {one["jobName"] for one in listed}
    assert {one["solutionVersionArn"] for one in listed} == {version_of(trained_shop, "popular")}
    assert {one["batchInferenceJobMode"] for one in listed} == {"BATCH_INFERENCE"}
    with pytest.raises(trained_shop.control.exceptions.ResourceAlreadyExistsException):
        start(trained_shop, "popular", "listed-1", [])


@pytest.mark.honours("CreateBatchInferenceJob", "goes on after the engine was killed")
def test_a_job_that_was_killed_goes_on(tmp_path, s3):
    engine = RunningEngine(tmp_path / "state", s3.url, "compressed")
    shop = Shop(engine, s3)
    shop.fill()
    shop.campaigns = {"popular": shop.deploy("popular", "aws-popularity-count")}
    arn = start(shop, "popular", "killed", [{"userId": f"user-{place}"} for place in range(300)])

    engine.kill()
    engine.start()
    shop.control = engine.client()
    done = finished(shop, arn)
    engine.stop()

    assert done["status"] == "ACTIVE"
    assert len(s3.get("data", "batch/killed/out/in.json.out").splitlines()) == 300
