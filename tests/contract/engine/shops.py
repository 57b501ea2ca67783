"""Dataset groups that tests create, fill and train over the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.contract.engine.calls import until_gone
from tests.contract.engine.running_engine import ACCOUNT, ROLE, RunningEngine, until_settled
from tests.factories.domain_shop import domain_interactions_csv, domain_items_csv, domain_schema
from tests.factories.shop_stream import interactions_csv, items_csv, schema_text, shop_rows

if TYPE_CHECKING:
    from tests.fakes.s3 import FileS3


class Shop:
    """A dataset group with datasets, filled and trained step by step by those who need it."""

    def __init__(
        self,
        engine: RunningEngine,
        s3: FileS3,
        account: str = ACCOUNT,
        name: str = "shop",
        schemas: dict[str, str] | None = None,
    ) -> None:
        self.engine, self.s3, self.account, self.name = engine, s3, account, name
        self.control = engine.client(account=account)
        self.group = self.control.create_dataset_group(name=name)["datasetGroupArn"]
        until_settled(lambda: self.control.describe_dataset_group(datasetGroupArn=self.group))
        self.datasets: dict[str, str] = {}
        self.campaigns: dict[str, str] = {}
        self.tracking_id = ""
        for dataset, schema in (
            schemas or {dataset_type: schema_text(dataset_type) for dataset_type in ("Interactions", "Items")}
        ).items():
            self.add_dataset(dataset, schema)

    @property
    def events(self) -> Any:
        return self.engine.client("personalize-events", self.account)

    @property
    def runtime(self) -> Any:
        return self.engine.client("personalize-runtime", self.account)

    def add_dataset(self, name: str, schema: str, dataset_type: str = "") -> str:
        """Create a dataset with a schema of its own; its type is its name unless another one is given."""
        schema_arn = self.control.create_schema(name=f"{self.name}-{name}", schema=schema)["schemaArn"]
        arn = self.control.create_dataset(
            name=name, schemaArn=schema_arn, datasetGroupArn=self.group, datasetType=dataset_type or name
        )["datasetArn"]
        until_settled(lambda: self.control.describe_dataset(datasetArn=arn))
        self.datasets[name] = str(arn)
        return str(arn)

    def add_filter(self, name: str, expression: str) -> str:
        """Return the ARN of a new filter once it is ACTIVE."""
        request = {"name": name, "datasetGroupArn": self.group, "filterExpression": expression}
        arn = self.control.create_filter(**request)["filterArn"]
        until_settled(lambda: self.control.describe_filter(filterArn=arn))
        return str(arn)

    def delete_filter(self, arn: str) -> None:
        """Delete a filter and wait until it is gone."""
        self.control.delete_filter(filterArn=arn)
        until_gone(self.control.describe_filter, filterArn=arn)

    def put_item(self, item: str, **properties: Any) -> None:
        self.events.put_items(
            datasetArn=self.datasets["Items"], items=[{"itemId": item, "properties": json.dumps(properties)}]
        )

    def put_user(self, user: str, **properties: Any) -> None:
        self.events.put_users(
            datasetArn=self.datasets["Users"], users=[{"userId": user, "properties": json.dumps(properties)}]
        )

    def track(self) -> str:
        made = self.control.create_event_tracker(name="shop", datasetGroupArn=self.group)
        until_settled(lambda: self.control.describe_event_tracker(eventTrackerArn=made["eventTrackerArn"]))
        return str(made["trackingId"])

    def load(self, name: str, location: str, job: str, mode: str = "FULL", *, may_fail: bool = False) -> dict[str, Any]:
        made = self.control.create_dataset_import_job(
            jobName=job,
            datasetArn=self.datasets[name],
            dataSource={"dataLocation": location},
            roleArn=ROLE,
            importMode=mode,
        )
        arn = made["datasetImportJobArn"]
        return until_settled(
            lambda: self.control.describe_dataset_import_job(datasetImportJobArn=arn), allowed_failure=may_fail
        )

    def fill(self) -> None:
        self.load(
            "Interactions", self.s3.put("data", "interactions.csv", interactions_csv(shop_rows())), "interactions"
        )
        self.load("Items", self.s3.put("data", "items/part-0.csv", items_csv()).rpartition("/")[0] + "/", "items")

    def train(self, name: str, recipe: str, *, may_fail: bool = False, **solution: Any) -> dict[str, Any]:
        made = self.control.create_solution(
            name=name,
            datasetGroupArn=self.group,
            recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
            performAutoTraining=False,
            **solution,
        )
        until_settled(lambda: self.control.describe_solution(solutionArn=made["solutionArn"]))
        return self.retrain(made["solutionArn"], may_fail=may_fail)

    def retrain(self, solution: str, *, may_fail: bool = False) -> dict[str, Any]:
        version = self.control.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        return until_settled(
            lambda: self.control.describe_solution_version(solutionVersionArn=version), allowed_failure=may_fail
        )

    def deploy(self, name: str, recipe: str) -> str:
        version = self.train(name, recipe)
        arn = self.control.create_campaign(name=name, solutionVersionArn=version["solutionVersionArn"])["campaignArn"]
        until_settled(lambda: self.control.describe_campaign(campaignArn=arn))
        return str(arn)


class DomainShop:
    """A domain dataset group with Interactions and Items; one account has one of each domain at most."""

    def __init__(self, engine: RunningEngine, s3: FileS3, domain: str, account: str) -> None:
        self.engine, self.account, self.domain = engine, account, domain
        self.name = domain.lower().replace("_", "-")
        self.made = self.control.create_dataset_group(name=self.name, domain=domain)
        self.group = self.made["datasetGroupArn"]
        until_settled(lambda: self.control.describe_dataset_group(datasetGroupArn=self.group))
        self.datasets: dict[str, str] = {}
        for name, text in (("Interactions", domain_interactions_csv(domain)), ("Items", domain_items_csv(domain))):
            self._fill(name, s3.put("data", f"{self.name}/{account}/{name}.csv", text))

    @property
    def control(self) -> Any:
        return self.engine.client(account=self.account)

    @property
    def runtime(self) -> Any:
        return self.engine.client("personalize-runtime", self.account)

    def recommender(self, name: str, recipe: str, *, may_fail: bool = False, **more: Any) -> dict[str, Any]:
        """Return what is described of a new recommender once it has settled."""
        arn = f"arn:aws:personalize:::recipe/{recipe}"
        made = self.control.create_recommender(name=name, datasetGroupArn=self.group, recipeArn=arn, **more)
        return until_settled(
            lambda: self.control.describe_recommender(recommenderArn=made["recommenderArn"]), allowed_failure=may_fail
        )

    def _fill(self, name: str, location: str) -> None:
        schema = self.control.create_schema(
            name=f"{self.name}-{name}", schema=domain_schema(self.domain, name), domain=self.domain
        )["schemaArn"]
        arn = self.control.create_dataset(name=name, schemaArn=schema, datasetGroupArn=self.group, datasetType=name)[
            "datasetArn"
        ]
        until_settled(lambda: self.control.describe_dataset(datasetArn=arn))
        job = self.control.create_dataset_import_job(
            jobName=f"{self.name}-{name}", datasetArn=arn, dataSource={"dataLocation": location}, roleArn=ROLE
        )["datasetImportJobArn"]
        until_settled(lambda: self.control.describe_dataset_import_job(datasetImportJobArn=job))
        self.datasets[name] = arn
