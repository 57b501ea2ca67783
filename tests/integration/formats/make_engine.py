"""Make an engine folder and record how it answers.

python -m tests.integration.formats.make_engine FOLDER
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.s3 import FileS3
from tests.integration.formats import answers, data
from tests.integration.formats.engine_process import EngineProcess

ROLE = "arn:aws:iam::123456789012:role/personalize"
RECIPE = "arn:aws:personalize:::recipe/"
# Names of the commit that made the stored folder: a checkpoint and several segments, though there is little data.
SMALL_LOG = """
import model.engine.storage.dataset_group as group, model.engine.storage.event_log as log
group.CHECKPOINT_BYTES, log.SEGMENT_BYTES = 6000, 4000
"""
SHOP_CAMPAIGNS = {
    "for-you": "aws-user-personalization-v2",
    "similar": "aws-similar-items",
    "ranking": "aws-personalized-ranking-v2",
    "trending": "aws-trending-now",
    "actions": "aws-next-best-action",
}
OTHER_CAMPAIGNS = {
    "meaning": "aws-semantic-similarity",
    "popular": "aws-popularity-count",
    "graph": "rivulet-graph-filter",
    "lightgcn": "rivulet-lightgcn",
    "neumf": "rivulet-neumf",
}
NETWORKS = {
    "lightgcn": {"epochs": "1", "hidden_dimension": "8", "negatives": "16"},
    "neumf": {"epochs": "1", "factors": "4"},
}


class Maker:
    """Creates resources and waits until each is ACTIVE."""

    def __init__(self, engine: EngineProcess, s3: FileS3) -> None:
        self.engine, self.s3 = engine, s3
        self.arns: dict[str, str] = {}

    def create(self, kind: str, member: str, key: str, /, **request: Any) -> str:
        """Create a resource of a kind such as `campaign` and return its ARN."""
        created = getattr(self.engine.control, f"create_{kind}")(**request)
        arn = str(created[f"{member}Arn"])
        self.arns[f"{kind} {key}"] = arn
        if kind != "schema":
            describe = getattr(self.engine.control, f"describe_{kind}")
            self.engine.wait_until_active(describe, **{f"{member}Arn": arn})
        return arn

    def group(self, name: str, datasets: list[str], domain: str | None = None) -> str:
        """Create a dataset group with imported datasets."""
        of_domain = {"domain": domain} if domain else {}
        group = self.create(
            "dataset_group", "datasetGroup", name, name=name, tags=[{"tagKey": "team", "tagValue": name}], **of_domain
        )
        for dataset in datasets:
            text = data.schema(dataset, domain=bool(domain))
            schema = self.create(
                "schema", "schema", f"{name}-{dataset}", name=f"{name}-{dataset}", schema=text, **of_domain
            )
            self.create(
                "dataset",
                "dataset",
                f"{name}-{dataset}",
                name=f"{name}-{dataset}",
                schemaArn=schema,
                datasetGroupArn=group,
                datasetType=dataset,
            )
            file = f"Domain_{dataset}" if domain else dataset
            self.load(name, dataset, f"{name}-{dataset}", f"s3://data/{file}.csv")
        return group

    def load(self, group: str, dataset: str, job: str, location: str, mode: str = "FULL") -> None:
        """Import a CSV file into a dataset."""
        self.create(
            "dataset_import_job",
            "datasetImportJob",
            job,
            jobName=job,
            datasetArn=self.arns[f"dataset {group}-{dataset}"],
            dataSource={"dataLocation": location},
            roleArn=ROLE,
            importMode=mode,
        )

    def train(self, group: str, name: str, recipe: str, **config: Any) -> str:
        """Train a recipe and return the ARN of the solution version."""
        solution = self.create(
            "solution",
            "solution",
            name,
            name=name,
            datasetGroupArn=self.arns[f"dataset_group {group}"],
            recipeArn=f"{RECIPE}{recipe}",
            performAutoTraining=False,
            **config,
        )
        return self.create("solution_version", "solutionVersion", name, solutionArn=solution)

    def deploy(self, group: str, recipes: dict[str, str]) -> None:
        """Train recipes and serve each with a campaign."""
        for name, recipe in recipes.items():
            config: dict[str, Any] = {}
            if name in NETWORKS:
                config = {"solutionConfig": {"algorithmHyperParameters": NETWORKS[name]}}
            version = self.train(group, name, recipe, **config)
            self.create("campaign", "campaign", name, name=name, solutionVersionArn=version)


def fill(maker: Maker) -> None:
    """Create everything that an engine keeps, by the documented operations only."""
    control, events = maker.engine.control, maker.engine.events
    maker.group("domain", ["Interactions", "Items"], "ECOMMERCE")
    maker.create(
        "recommender",
        "recommender",
        "recommender",
        name="recommender",
        datasetGroupArn=maker.arns["dataset_group domain"],
        recipeArn=f"{RECIPE}aws-ecomm-recommended-for-you",
    )
    maker.deploy("domain", {"cold": "aws-hrnn-coldstart"})
    maker.group("shop", ["Interactions", "Items", "Users", "Actions", "Action_Interactions"])
    maker.load("shop", "Interactions", "shop-more", "s3://data/more/Interactions.csv", "INCREMENTAL")
    group = maker.arns["dataset_group shop"]
    tracker = maker.create("event_tracker", "eventTracker", "shop", name="shop", datasetGroupArn=group)
    tracking_id = control.describe_event_tracker(eventTrackerArn=tracker)["eventTracker"]["trackingId"]
    for name, expression in (
        ("history", 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")'),
        ("bought", 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'),
        ("cheap", "INCLUDE ItemID WHERE Items.PRICE < $MOST"),
        ("young", 'INCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 2") IF CurrentUser.AGE_GROUP IN ("young")'),
    ):
        maker.create("filter", "filter", name, name=name, datasetGroupArn=group, filterExpression=expression)
    maker.create(
        "metric_attribution",
        "metricAttribution",
        "impact",
        name="impact",
        datasetGroupArn=group,
        metrics=[
            {"eventType": "View", "metricName": "views", "expression": "SAMPLECOUNT()"},
            {"eventType": "Purchase", "metricName": "sales", "expression": "SUM(Items.PRICE)"},
        ],
        metricsOutputConfig={"roleArn": ROLE, "s3DataDestination": {"path": "s3://data/reports"}},
    )
    stream(maker, tracking_id)
    maker.deploy("shop", SHOP_CAMPAIGNS)
    maker.train("shop", "segments", "aws-item-affinity")
    maker.train("shop", "attributes", "aws-item-attribute-affinity")
    stream_more(maker, tracking_id)
    run_jobs(maker)
    control.update_solution(
        solutionArn=maker.arns["solution similar"],
        performAutoTraining=True,
        solutionUpdateConfig={"autoTrainingConfig": {"schedulingExpression": "rate(30 days)"}},
    )
    maker.engine.wait_until_active(control.describe_solution, solutionArn=maker.arns["solution similar"])
    maker.group("other", ["Interactions", "Items"])
    maker.deploy("other", OTHER_CAMPAIGNS)
    # After the last checkpoint, so that these lie in the log alone.
    moment = datetime.now(UTC)
    events.put_events(
        trackingId=tracking_id,
        userId="user-2",
        sessionId="last",
        eventList=[event("last-1", "View", "item-7-1", moment), event("last-2", "View", "item-7-2", moment)],
    )


def event(event_id: str, kind: str, item: str, moment: datetime, **more: Any) -> dict[str, Any]:
    """Return an event as PutEvents takes it."""
    return {"eventId": event_id, "eventType": kind, "itemId": item, "sentAt": moment, **more}


def stream(maker: Maker, tracking_id: str) -> None:
    """Stream an anonymous session that becomes a user's by a log-in, one that stays anonymous, and rows."""
    events = maker.engine.events
    moment = datetime.now(UTC) - timedelta(days=1)
    for place in range(4):
        for session, user in (("visit-1", "streamed-1" if place == 3 else None), ("anonymous-1", None)):
            shelf = 2 if user or session == "visit-1" else 6
            events.put_events(
                trackingId=tracking_id,
                sessionId=session,
                **({"userId": user} if user else {}),
                eventList=[
                    event(
                        f"{session}-{place}",
                        "Purchase" if place == 2 else "View",
                        f"item-{shelf}-{place}",
                        moment + timedelta(minutes=place),
                        eventValue=1.5,
                        impression=["item-0-0", f"item-{shelf}-{place}"],
                        properties=json.dumps({"device": "phone"}),
                        metricAttribution={"eventAttributionSource": "mail"},
                    )
                ],
            )
    arns = maker.arns
    events.put_items(
        datasetArn=arns["dataset shop-Items"],
        items=[
            {
                "itemId": "streamed-item",
                "properties": json.dumps({"category": "shelf 2|all", "price": 2.5, "creationTimestamp": data.START}),
            }
        ],
    )
    events.put_users(
        datasetArn=arns["dataset shop-Users"],
        users=[{"userId": "streamed-1", "properties": json.dumps({"ageGroup": "young"})}],
    )
    events.put_actions(
        datasetArn=arns["dataset shop-Actions"],
        actions=[{"actionId": "phone", "properties": json.dumps({"channel": "mail"})}],
    )
    described = maker.engine.control.describe_dataset(datasetArn=arns["dataset shop-Action_Interactions"])["dataset"]
    events.put_action_interactions(
        trackingId=described["trackingId"],
        actionInteractions=[
            {
                "actionId": "install",
                "userId": "streamed-1",
                "sessionId": "visit-1",
                "timestamp": moment,
                "eventType": "Taken",
                "eventId": "action-1",
            }
        ],
    )


def stream_more(maker: Maker, tracking_id: str) -> None:
    """Stream events after the trainings, among them those of a user who will be deleted, and one event twice."""
    moment = datetime.now(UTC) - timedelta(hours=2)
    for place in range(30):
        user = ("streamed-1", "user-5", "user-2")[place % 3]
        events = [
            event(f"more-{place}-{step}", "View", f"item-{place % 8}-{step}", moment + timedelta(seconds=place))
            for step in range(6)
        ]
        for _ in range(2 if place == 3 else 1):
            maker.engine.events.put_events(
                trackingId=tracking_id, userId=user, sessionId=f"more-{user}", eventList=events
            )


def run_jobs(maker: Maker) -> None:
    """Run a batch job of each kind, and delete a user."""
    s3, group = maker.s3, maker.arns["dataset_group shop"]
    for kind, member, version, line in (
        ("batch_inference_job", "batchInferenceJob", "for-you", {"userId": "user-1"}),
        ("batch_segment_job", "batchSegmentJob", "segments", {"itemId": "item-1-1"}),
    ):
        location = s3.put("data", f"{kind}/in.json", json.dumps(line) + "\n")
        maker.create(
            kind,
            member,
            kind,
            jobName=kind.replace("_", "-"),
            solutionVersionArn=maker.arns[f"solution_version {version}"],
            jobInput={"s3DataSource": {"path": location}},
            jobOutput={"s3DataDestination": {"path": f"s3://data/{kind}/out/"}},
            roleArn=ROLE,
        )
    location = s3.put("data", "deleted/users.csv", "USER_ID\nuser-5\n")
    maker.create(
        "data_deletion_job",
        "dataDeletionJob",
        "deletion",
        jobName="deletion",
        datasetGroupArn=group,
        dataSource={"dataLocation": location},
        roleArn=ROLE,
    )


def leave_unfinished(maker: Maker) -> None:
    """Begin an import and a training that are cut off by the end of the process."""
    control = maker.engine.control
    control.create_dataset_import_job(
        jobName="unfinished",
        datasetArn=maker.arns["dataset shop-Users"],
        dataSource={"dataLocation": "s3://data/Users.csv"},
        roleArn=ROLE,
        importMode="FULL",
    )
    control.create_solution_version(solutionArn=maker.arns["solution popular"], name="unfinished")


def record(folder: Path, s3: FileS3, moment: float, job: str) -> dict[str, Any]:
    """Open a copy of the stored folder and return how it answers."""
    copy = folder.with_name(f"{folder.name}-{job}")
    shutil.copytree(folder, copy)
    engine = EngineProcess(copy, s3.url, moment=moment)
    try:
        return answers.everything(engine, s3, job, moment)
    finally:
        engine.kill()


def main(folder: Path) -> int:
    """Make `engine/`, `s3/` and `answers.json` in a folder."""
    folder.mkdir(parents=True)
    s3 = FileS3(folder / "s3")
    for name, text in data.csv_files().items():
        s3.put("data", f"{name}.csv", text)
    more = [line.replace("user-", "later-") for line in data.csv_files()["Interactions"].splitlines(keepends=True)]
    s3.put("data", "more/Interactions.csv", "".join(more[:1100]))
    engine = EngineProcess(folder / "engine", s3.url, before=SMALL_LOG)
    maker = Maker(engine, s3)
    try:
        fill(maker)
        engine.stop()
        maker.engine = EngineProcess(folder / "engine", s3.url, pace="real")
        leave_unfinished(maker)
    finally:
        maker.engine.kill()
    moment = time.time()
    first, second = (record(folder / "engine", s3, moment, job) for job in ("first", "second"))
    unequal = [name for name in first if first[name] != second[name]]
    (folder / "answers.json").write_text(json.dumps({"moment": moment, **first}, indent=1, sort_keys=True) + "\n")
    if unequal:
        for name in unequal:
            print(name, json.dumps(first[name])[:3000], json.dumps(second[name])[:3000], sep="\n")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
