"""What a stored engine folder is asked: every resource, every served model, and all rows that it keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.s3 import FileS3
    from tests.integration.formats.engine_process import EngineProcess

# Two imported users, a user with a log-in during a session, a session, a deleted user, and a stranger.
USERS = ("user-1", "user-2", "streamed-1", "anonymous-1", "user-5", "stranger")
ITEMS = ("item-1-1", "item-4-2", "new-1", "streamed-item")
RANKED = ["unknown", "item-3-3", "item-0-1", "new-1", "item-5-5"]
DESCRIBED = (
    ("dataset_group", "datasetGroup"),
    ("schema", "schema"),
    ("dataset", "dataset"),
    ("dataset_import_job", "datasetImportJob"),
    ("dataset_export_job", "datasetExportJob"),
    ("data_deletion_job", "dataDeletionJob"),
    ("event_tracker", "eventTracker"),
    ("solution", "solution"),
    ("solution_version", "solutionVersion"),
    ("campaign", "campaign"),
    ("recommender", "recommender"),
    ("filter", "filter"),
    ("metric_attribution", "metricAttribution"),
    ("batch_inference_job", "batchInferenceJob"),
    ("batch_segment_job", "batchSegmentJob"),
)
EXPORTS = ("Interactions", "Items", "Users")
LONGEST = 100  # items of a filtered list


def resources(engine: EngineProcess) -> dict[str, Any]:
    """Return the description of every resource, and its tags, by its ARN."""
    described: dict[str, Any] = {}
    for name, member, arn in _listed(engine):
        document = getattr(engine.control, f"describe_{name}")(**{f"{member}Arn": arn})[member]
        described[arn] = json.loads(json.dumps({**document, "tags": _tags(engine, arn)}, default=_utc))
    return described


def without_later_times(document: Any, moment: str) -> Any:
    """Return a description without when it was finished and how long that took, if it was after a moment."""
    if isinstance(document, list):
        return [without_later_times(value, moment) for value in document]
    if not isinstance(document, dict):
        return document
    later = document.get("lastUpdatedDateTime", "") > moment
    left_out = {"lastUpdatedDateTime", "trainingHours"} if later else set()
    return {name: without_later_times(value, moment) for name, value in document.items() if name not in left_out}


def wait_until_settled(engine: EngineProcess) -> None:
    """Wait until what the last stop of the engine cut off is done."""
    for name, member, arn in _listed(engine):
        if name != "schema":
            engine.wait_until_active(getattr(engine.control, f"describe_{name}"), **{f"{member}Arn": arn})


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(" ")


def _listed(engine: EngineProcess) -> Iterator[tuple[str, str, str]]:
    for name, member in DESCRIBED:
        key = "Filters" if name == "filter" else f"{member}s"
        for summary in getattr(engine.control, f"list_{name}s")()[key]:
            yield name, member, summary[f"{member}Arn"]


def _tags(engine: EngineProcess, arn: str) -> list[dict[str, str]]:
    try:
        tags: list[dict[str, str]] = engine.control.list_tags_for_resource(resourceArn=arn)["tags"]
    except ClientError:
        return []
    return tags


def recommendations(engine: EngineProcess) -> dict[str, Any]:
    """Return what every campaign and every recommender answers."""
    answers: dict[str, Any] = {}
    for campaign in engine.control.list_campaigns()["campaigns"]:
        arn, name = campaign["campaignArn"], campaign["name"]
        asked = ITEMS if name in {"similar", "meaning"} else USERS
        for subject in asked:
            if name == "actions":
                answer = engine.runtime.get_action_recommendations(campaignArn=arn, userId=subject)
                answers[f"{name} {subject}"] = [
                    [action["actionId"], action["score"]] for action in answer["actionList"]
                ]
            elif name == "ranking":
                answer = engine.runtime.get_personalized_ranking(campaignArn=arn, userId=subject, inputList=RANKED)
                answers[f"{name} {subject}"] = _items(answer["personalizedRanking"])
            else:
                subject_of = {"itemId": subject} if asked is ITEMS else {"userId": subject}
                answers[f"{name} {subject}"] = _ask(engine, campaignArn=arn, **subject_of)
    for recommender in engine.control.list_recommenders()["recommenders"]:
        for user in USERS:
            answers[f"recommender {user}"] = _ask(engine, recommenderArn=recommender["recommenderArn"], userId=user)
    return answers


def filtered(engine: EngineProcess) -> dict[str, list[str]]:
    """Return which items each stored filter leaves of a campaign's answer; one leaves just a user's history."""
    arns = {found["name"]: found["filterArn"] for found in engine.control.list_filters()["Filters"]}
    campaign = next(
        found["campaignArn"] for found in engine.control.list_campaigns()["campaigns"] if found["name"] == "for-you"
    )
    answers = {}
    for user in USERS:
        for name in ("history", "bought", "cheap", "young"):
            values = {"filterValues": {"MOST": "6.5"}} if name == "cheap" else {}
            answer = engine.runtime.get_recommendations(
                campaignArn=campaign, userId=user, numResults=LONGEST, filterArn=arns[name], **values
            )
            answers[f"{name} {user}"] = sorted(item["itemId"] for item in answer["itemList"])
    return answers


def counts(engine: EngineProcess) -> list[str]:
    """Return the metrics of the numbers of stored events."""
    return sorted(line for line in engine.metrics().splitlines() if line.startswith("personalize_events_stored{"))


def exported(engine: EngineProcess, s3: FileS3, job: str) -> dict[str, list[str]]:
    """Export every dataset of the shop and return the lines of the files, sorted."""
    group = next(
        found["datasetGroupArn"]
        for found in engine.control.list_dataset_groups()["datasetGroups"]
        if found["name"] == "shop"
    )
    lines = {}
    for name in EXPORTS:
        arn = engine.control.create_dataset_export_job(
            jobName=f"{job}-{name}",
            datasetArn=f"{group.replace(':dataset-group/', ':dataset/')}/{name.upper()}",
            ingestionMode="ALL",
            roleArn="arn:aws:iam::123456789012:role/personalize",
            jobOutput={"s3DataDestination": {"path": f"s3://data/export/{job}/{name}/"}},
        )["datasetExportJobArn"]
        engine.wait_until_active(engine.control.describe_dataset_export_job, datasetExportJobArn=arn)
        keys = [key for key in s3.keys("data", f"export/{job}/{name}/") if key.endswith(".csv")]
        lines[name] = sorted(line for key in keys for line in s3.get("data", key).splitlines())
    return lines


def _ask(engine: EngineProcess, **request: Any) -> list[list[Any]]:
    answer = engine.runtime.get_recommendations(numResults=10, metadataColumns={"ITEMS": ["EXPLANATION"]}, **request)
    return _items(answer["itemList"])


def _items(answered: list[dict[str, Any]]) -> list[list[Any]]:
    return [
        [item["itemId"], item.get("score"), json.loads(item.get("metadata", {}).get("EXPLANATION", "[]"))]
        for item in answered
    ]


def everything(engine: EngineProcess, s3: FileS3, job: str, moment: float) -> dict[str, Any]:
    """Return all of the above, after what a stop at a moment cut off has been done."""
    wait_until_settled(engine)
    return {
        "resources": without_later_times(resources(engine), datetime.fromtimestamp(moment, UTC).isoformat(" ")),
        "recommendations": recommendations(engine),
        "filtered": filtered(engine),
        "counts": counts(engine),
        "exported": exported(engine, s3, job),
    }
