"""Make an engine folder and record how it answers.

python -m tests.integration.formats.make_engine FOLDER
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.s3 import FileS3
from tests.integration.formats import answers, data
from tests.integration.formats.engine_process import EngineProcess
from tests.integration.formats.store import extract

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
FILTERS = {
    "history": 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
    "bought": 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")',
    "cheap": "INCLUDE ItemID WHERE Items.PRICE < $MOST",
    "young": 'INCLUDE ItemID WHERE Items.CATEGORY IN ("shelf 2") IF CurrentUser.AGE_GROUP IN ("young")',
}
NETWORKS = {
    "lightgcn": {"epochs": "1", "hidden_dimension": "8", "negatives": "16"},
    "neumf": {"epochs": "1", "factors": "4"},
}


class Maker:
    """Creates resources and waits until each is ACTIVE."""

    def __init__(self, engine: EngineProcess, schemas: dict[str, str]) -> None:
        self.engine, self.schemas = engine, schemas
        self.arns: dict[str, str] = {}

    def create(self, kind: str, name: str, /, **request: Any) -> str:
        """Create a resource of a kind such as `campaign` and return its ARN; a version of a solution stays unnamed."""
        if kind.endswith("job"):
            request |= {"jobName": name, "roleArn": ROLE}
        elif kind != "solution_version":
            request["name"] = name
        member = dict(answers.DESCRIBED)[kind]
        arn = str(getattr(self.engine.control, f"create_{kind}")(**request)[f"{member}Arn"])
        self.arns[f"{kind} {name}"] = arn
        if kind != "schema":
            self.engine.wait_until_active(getattr(self.engine.control, f"describe_{kind}"), **{f"{member}Arn": arn})
        return arn

    def group(self, name: str, datasets: list[str], **domain: str) -> str:
        """Create a dataset group with imported datasets."""
        group = self.create("dataset_group", name, tags=[{"tagKey": "team", "tagValue": name}], **domain)
        for dataset in datasets:
            key = f"{name}-{dataset}"
            schema = self.create("schema", key, schema=self.schemas[key], **domain)
            self.create("dataset", key, schemaArn=schema, datasetGroupArn=group, datasetType=dataset)
            self.load(key, key, f"Domain_{dataset}" if domain else dataset)
        return group

    def load(self, dataset: str, job: str, file: str, mode: str = "FULL") -> None:
        """Import a CSV file into a dataset."""
        source = {"dataLocation": f"s3://data/{file}.csv"}
        arn = self.arns[f"dataset {dataset}"]
        self.create("dataset_import_job", job, datasetArn=arn, dataSource=source, importMode=mode)

    def train(self, group: str, name: str, recipe: str, **config: Any) -> str:
        """Train a recipe and return the ARN of the solution version."""
        arns = {"datasetGroupArn": self.arns[f"dataset_group {group}"], "recipeArn": f"{RECIPE}{recipe}"}
        solution = self.create("solution", name, performAutoTraining=False, **arns, **config)
        return self.create("solution_version", name, solutionArn=solution)

    def deploy(self, group: str, recipes: dict[str, str]) -> None:
        """Train recipes and serve each with a campaign."""
        for name, recipe in recipes.items():
            config = {"solutionConfig": {"algorithmHyperParameters": NETWORKS[name]}} if name in NETWORKS else {}
            self.create("campaign", name, solutionVersionArn=self.train(group, name, recipe, **config))


def fill(maker: Maker) -> None:
    """Create everything that an engine keeps, by the documented operations only."""
    control = maker.engine.control
    domain = maker.group("domain", ["Interactions", "Items"], domain="ECOMMERCE")
    recipe = f"{RECIPE}aws-ecomm-recommended-for-you"
    maker.create("recommender", "recommender", datasetGroupArn=domain, recipeArn=recipe)
    maker.deploy("domain", {"cold": "aws-hrnn-coldstart"})
    group = maker.group("shop", ["Interactions", "Items", "Users", "Actions", "Action_Interactions"])
    maker.load("shop-Interactions", "shop-more", "more/Interactions", "INCREMENTAL")
    tracker = maker.create("event_tracker", "shop", datasetGroupArn=group)
    tracking_id = control.describe_event_tracker(eventTrackerArn=tracker)["eventTracker"]["trackingId"]
    for name, expression in FILTERS.items():
        maker.create("filter", name, datasetGroupArn=group, filterExpression=expression)
    maker.create(
        "metric_attribution",
        "impact",
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
    solution = maker.arns["solution similar"]
    training = {"autoTrainingConfig": {"schedulingExpression": "rate(30 days)"}}
    control.update_solution(solutionArn=solution, performAutoTraining=True, solutionUpdateConfig=training)
    maker.engine.wait_until_active(control.describe_solution, solutionArn=solution)
    maker.group("other", ["Interactions", "Items"])
    maker.deploy("other", OTHER_CAMPAIGNS)
    # After the last checkpoint, so that these lie in the log alone.
    moment = datetime.now(UTC)
    last = [event(f"last-{place}", "View", f"item-7-{place}", moment) for place in (1, 2)]
    maker.engine.events.put_events(trackingId=tracking_id, userId="user-2", sessionId="last", eventList=last)


def event(event_id: str, kind: str, item: str, moment: datetime, **more: Any) -> dict[str, Any]:
    """Return an event as PutEvents takes it."""
    return {"eventId": event_id, "eventType": kind, "itemId": item, "sentAt": moment, **more}


def stream(maker: Maker, tracking_id: str) -> None:
    """Stream an anonymous session that becomes a user's by a log-in, one that stays anonymous, and rows."""
    events, arns = maker.engine.events, maker.arns
    moment = datetime.now(UTC) - timedelta(days=1)
    for place in range(4):
        for session, shelf in (("visit-1", 2), ("anonymous-1", 6)):
            item = f"item-{shelf}-{place}"
            logged_in = {"userId": "streamed-1"} if session == "visit-1" and place == 3 else {}
            streamed = event(
                f"{session}-{place}",
                "Purchase" if place == 2 else "View",
                item,
                moment + timedelta(minutes=place),
                eventValue=1.5,
                impression=["item-0-0", item],
                properties=json.dumps({"device": "phone"}),
                metricAttribution={"eventAttributionSource": "mail"},
            )
            events.put_events(trackingId=tracking_id, sessionId=session, eventList=[streamed], **logged_in)
    item_fields = json.dumps({"category": "shelf 2|all", "price": 2.5, "creationTimestamp": data.START})
    items = [{"itemId": "streamed-item", "properties": item_fields}]
    events.put_items(datasetArn=arns["dataset shop-Items"], items=items)
    users = [{"userId": "streamed-1", "properties": json.dumps({"ageGroup": "young"})}]
    events.put_users(datasetArn=arns["dataset shop-Users"], users=users)
    actions = [{"actionId": "phone", "properties": json.dumps({"channel": "mail"})}]
    events.put_actions(datasetArn=arns["dataset shop-Actions"], actions=actions)
    described = maker.engine.control.describe_dataset(datasetArn=arns["dataset shop-Action_Interactions"])["dataset"]
    taken = {
        "actionId": "install",
        "userId": "streamed-1",
        "sessionId": "visit-1",
        "timestamp": moment,
        "eventType": "Taken",
        "eventId": "action-1",
    }
    events.put_action_interactions(trackingId=described["trackingId"], actionInteractions=[taken])


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
    for kind, version in (("batch_inference_job", "for-you"), ("batch_segment_job", "segments")):
        maker.create(
            kind,
            kind.replace("_", "-"),
            solutionVersionArn=maker.arns[f"solution_version {version}"],
            jobInput={"s3DataSource": {"path": f"s3://data/{kind}/in.json"}},
            jobOutput={"s3DataDestination": {"path": f"s3://data/{kind}/out/"}},
        )
    source = {"dataLocation": "s3://data/deleted/users.csv"}
    maker.create("data_deletion_job", "deletion", datasetGroupArn=maker.arns["dataset_group shop"], dataSource=source)


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
    """Make `engine/`, `s3/` and `answers.json` in a folder, from the schemas and the buckets of the stored archive."""
    with tempfile.TemporaryDirectory() as stored:
        extract("engine", Path(stored))
        shutil.copytree(Path(stored, "s3"), folder / "s3", ignore=shutil.ignore_patterns("out"))
        resources = json.loads(Path(stored, "answers.json").read_text())["resources"]
    schemas = {document["name"]: document["schema"] for arn, document in resources.items() if ":schema/" in arn}
    s3 = FileS3(folder / "s3")
    maker = Maker(EngineProcess(folder / "engine", s3.url, before=SMALL_LOG), schemas)
    try:
        fill(maker)
        maker.engine.stop()
        maker.engine = EngineProcess(folder / "engine", s3.url, pace="real")
        leave_unfinished(maker)
    finally:
        maker.engine.kill()
    moment = time.time()
    first, second = (record(folder / "engine", s3, moment, job) for job in ("first", "second"))
    (folder / "answers.json").write_text(json.dumps({"moment": moment, **first}, indent=1, sort_keys=True) + "\n")
    unequal = [name for name in first if first[name] != second[name]]
    print("the same folder answers differently:" if unequal else "made", *unequal)
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
