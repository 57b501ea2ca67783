"""A client that calls Amazon Personalize as published notebooks do."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.contract.engine.running_engine import ROLE, until_status

if TYPE_CHECKING:
    from tests.contract.engine.running_engine import RunningEngine
    from tests.fakes.s3 import FileS3

RECIPE = "arn:aws:personalize:::recipe"
# What a notebook sleeps between the creation, or deletion, of a resource and the next call that needs it.
PAUSES = {"compressed": 0.0, "scaled": 0.6, "real": 60.0}


class Notebook:
    """A dataset group and the calls of a notebook for it.

    It polls imports, trainings, deployments and jobs, sleeps after other creations, and repeats no refused call.
    """

    def __init__(self, engine: RunningEngine, s3: FileS3, account: str, name: str, domain: str = "") -> None:
        self.s3, self.name = s3, name
        self._of_domain = {"domain": domain} if domain else {}
        self._pause_seconds = PAUSES[engine.pace]
        self.control = engine.client(account=account)
        self.events = engine.client("personalize-events", account)
        self.runtime = engine.client("personalize-runtime", account)
        self.group: str = self.control.create_dataset_group(name=name, **self._of_domain)["datasetGroupArn"]
        self.datasets: dict[str, str] = {}
        self.pause()

    def pause(self) -> None:
        time.sleep(self._pause_seconds)

    def poll(self, kind: str, made: dict[str, Any]) -> dict[str, Any]:
        """Wait for what a call has begun, such as a `solution_version`, and return what is described of it."""
        name = {member: value for member, value in made.items() if member.endswith("Arn")}
        describe = getattr(self.control, f"describe_{kind}")
        described = until_status(lambda: describe(**name), "ACTIVE", "COMPLETED", "CREATE FAILED", "FAILED")
        assert described["status"] in {"ACTIVE", "COMPLETED"}, described.get("failureReason")
        return described

    def add_dataset(self, name: str, schema: str, text: str = "", dataset_type: str = "") -> str:
        """Create a schema and a dataset, import a file into it, and return its ARN."""
        made = self.control.create_schema(name=f"{self.name}-{name}", schema=schema, **self._of_domain)
        request = {"schemaArn": made["schemaArn"], "datasetGroupArn": self.group, "datasetType": dataset_type or name}
        self.datasets[name] = self.control.create_dataset(name=f"{self.name}-{name}", **request)["datasetArn"]
        self.pause()
        if text:
            self.load(name, f"{self.name}-{name}", text)
        return self.datasets[name]

    def load(self, dataset: str, job: str, text: str, mode: str = "FULL") -> None:
        """Import a file."""
        location = self.s3.put("data", f"flows/{self.name}/{job}.csv", text)
        request = {"datasetArn": self.datasets[dataset], "dataSource": {"dataLocation": location}, "roleArn": ROLE}
        self.poll("dataset_import_job", self.control.create_dataset_import_job(jobName=job, importMode=mode, **request))

    def add_tracker(self) -> str:
        """Create an event tracker and return its tracking id."""
        made = self.control.create_event_tracker(name=self.name, datasetGroupArn=self.group)
        self.pause()
        return str(made["trackingId"])

    def add_filter(self, name: str, expression: str) -> str:
        """Create a filter and return its ARN."""
        made = self.control.create_filter(name=name, datasetGroupArn=self.group, filterExpression=expression)
        self.pause()
        return str(made["filterArn"])

    def add_solution(self, name: str, recipe: str, **request: Any) -> str:
        """Create a solution and return its ARN; the next call needs no pause."""
        named = {"name": name, "datasetGroupArn": self.group, "recipeArn": f"{RECIPE}/{recipe}"}
        return str(self.control.create_solution(**{"performAutoTraining": False, **named, **request})["solutionArn"])

    def train(self, solution: str) -> str:
        """Train a solution and return the ARN of the version."""
        made = self.control.create_solution_version(solutionArn=solution)
        return str(self.poll("solution_version", made)["solutionVersionArn"])

    def deploy(self, name: str, recipe: str, **solution: Any) -> str:
        """Create and train a solution, and return the ARN of a campaign of it."""
        version = self.train(self.add_solution(name, recipe, **solution))
        made = self.control.create_campaign(name=name, solutionVersionArn=version, minProvisionedTPS=1)
        return str(self.poll("campaign", made)["campaignArn"])

    def recommend(self, campaign: str, **request: Any) -> list[dict[str, Any]]:
        """Return the items of an answer."""
        return list(self.runtime.get_recommendations(campaignArn=campaign, **request)["itemList"])

    def run_batch(self, kind: str, version: str, name: str, lines: list[dict[str, Any]], **request: Any) -> list[Any]:
        """Run a job on a file of lines, such as a `batch_inference_job`, and return the lines of its output."""
        location = self.s3.put("data", f"flows/{name}/in.json", "".join(f"{json.dumps(line)}\n" for line in lines))
        made = getattr(self.control, f"create_{kind}")(
            jobName=name,
            solutionVersionArn=version,
            jobInput={"s3DataSource": {"path": location}},
            jobOutput={"s3DataDestination": {"path": f"s3://data/flows/{name}/out/"}},
            roleArn=ROLE,
            **request,
        )
        self.poll(kind, made)
        return [json.loads(line) for line in self.s3.get("data", f"flows/{name}/out/in.json.out").splitlines()]

    def take_down(self) -> None:
        """Delete the dataset group with all that it has, in the order that the guide gives."""
        control, of_group = self.control, {"datasetGroupArn": self.group}
        for filter_ in control.list_filters(**of_group)["Filters"]:
            control.delete_filter(filterArn=filter_["filterArn"])
        for attribution in control.list_metric_attributions(**of_group)["metricAttributions"]:
            control.delete_metric_attribution(metricAttributionArn=attribution["metricAttributionArn"])
        for recommender in control.list_recommenders(**of_group)["recommenders"]:
            control.delete_recommender(recommenderArn=recommender["recommenderArn"])
        for tracker in control.list_event_trackers(**of_group)["eventTrackers"]:
            control.delete_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])
        solutions = [solution["solutionArn"] for solution in control.list_solutions(**of_group)["solutions"]]
        for solution in solutions:
            for campaign in control.list_campaigns(solutionArn=solution)["campaigns"]:
                control.delete_campaign(campaignArn=campaign["campaignArn"])
        self.pause()
        for solution in solutions:
            control.delete_solution(solutionArn=solution)
        self.pause()
        for dataset in self.datasets.values():
            control.delete_dataset(datasetArn=dataset)
        self.pause()
        for schema in control.list_schemas()["schemas"]:
            control.delete_schema(schemaArn=schema["schemaArn"])
        control.delete_dataset_group(**of_group)
        self.pause()
        assert control.list_dataset_groups()["datasetGroups"] == []
