"""How long clients must wait: for jobs, trainings and deployments only, except at the pace of the real service."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.contract.engine.calls import create, ids
from tests.contract.engine.paced_engine import SCALED, TIMES
from tests.contract.engine.running_engine import ROLE, RunningEngine
from tests.contract.engine.shops import RECIPE
from tests.factories.shop_stream import interactions_csv, schema_text, shop_rows

PAUSE_SECONDS = 60.0 / TIMES  # published clients sleep a minute at most between the creation of a resource and its use


class Flow:
    """A client that polls imports, trainings and deployments alone, and repeats no refused call."""

    def __init__(self, engine, s3, pause_seconds):
        self.control, self.engine, self.s3 = engine.client(), engine, s3
        self.pause_seconds = pause_seconds

    def pause(self):
        time.sleep(self.pause_seconds)

    def make_campaign(self):
        control = self.control
        self.group = control.create_dataset_group(name="flow")["datasetGroupArn"]
        self.schema = control.create_schema(name="flow", schema=schema_text("Interactions"))["schemaArn"]
        self.pause()
        request = {"name": "flow", "datasetGroupArn": self.group}
        self.dataset = control.create_dataset(schemaArn=self.schema, datasetType="Interactions", **request)[
            "datasetArn"
        ]
        self.tracker = control.create_event_tracker(**request)
        self.pause()
        data = self.s3.put("data", "flow/interactions.csv", interactions_csv(shop_rows()))
        source: dict[str, Any] = {"dataSource": {"dataLocation": data}, "roleArn": ROLE}
        create(control, "dataset_import_job", jobName="flow", datasetArn=self.dataset, **source)
        recipe = f"{RECIPE}/aws-popularity-count"
        self.solution = control.create_solution(recipeArn=recipe, performAutoTraining=False, **request)["solutionArn"]
        version = create(control, "solution_version", solutionArn=self.solution)
        campaign = create(control, "campaign", name="flow", solutionVersionArn=version["solutionVersionArn"])
        self.campaign = campaign["campaignArn"]

    def recommend_with_filter(self):
        expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("View")'
        made = self.control.create_filter(name="flow", datasetGroupArn=self.group, filterExpression=expression)
        self.filter = made["filterArn"]
        self.engine.client("personalize-events").put_events(
            trackingId=self.tracker["trackingId"],
            sessionId="s",
            userId="user-1",
            eventList=[{"eventType": "View", "itemId": "item-1-1", "sentAt": time.time()}],
        )
        self.pause()
        runtime = self.engine.client("personalize-runtime")
        return ids(runtime.get_recommendations(campaignArn=self.campaign, userId="user-1", filterArn=self.filter))

    def take_down(self):
        control = self.control
        control.delete_filter(filterArn=self.filter)
        control.delete_campaign(campaignArn=self.campaign)
        control.delete_event_tracker(eventTrackerArn=self.tracker["eventTrackerArn"])
        self.pause()
        control.delete_solution(solutionArn=self.solution)
        control.delete_dataset(datasetArn=self.dataset)
        self.pause()
        control.delete_schema(schemaArn=self.schema)
        control.delete_dataset_group(datasetGroupArn=self.group)
        self.pause()
        return control.list_dataset_groups()["datasetGroups"]


@pytest.mark.honours("CreateDatasetGroup", "usable at once at the pace compressed, as all resources without a job")
@pytest.mark.parametrize(("pace", "pause_seconds"), [("compressed", 0.0), (SCALED, PAUSE_SECONDS)])
def test_a_client_waits_for_jobs_alone(s3, tmp_path, pace, pause_seconds):
    engine = RunningEngine(tmp_path / "state", s3.url, pace=pace)
    flow = Flow(engine, s3, pause_seconds)

    flow.make_campaign()
    recommended = flow.recommend_with_filter()

    assert len(recommended) == 25
    assert "item-1-1" not in recommended
    assert flow.take_down() == []
    engine.stop()


@pytest.mark.honours("CreateSolution", "ACTIVE when the request is answered, at every pace")
@pytest.mark.honours("CreateDatasetGroup", "at the pace real it is ACTIVE after seconds")
def test_at_the_pace_of_the_service_a_solution_is_active_at_once_and_a_dataset_group_after_seconds(s3, tmp_path):
    engine = RunningEngine(tmp_path / "state", s3.url, pace=SCALED)
    control, begun = engine.client(), time.monotonic()
    group = create(control, "dataset_group", name="timed")["datasetGroupArn"]
    seconds = TIMES * (time.monotonic() - begun)

    recipe = f"{RECIPE}/aws-popularity-count"
    arn = control.create_solution(name="timed", datasetGroupArn=group, recipeArn=recipe)["solutionArn"]
    solution = control.describe_solution(solutionArn=arn)["solution"]

    assert solution["status"] == "ACTIVE"
    assert solution["creationDateTime"] == solution["lastUpdatedDateTime"]
    assert seconds >= 4
    engine.stop()
