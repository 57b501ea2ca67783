"""Dataset groups that tests create, fill and train over the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.contract.engine.calls import create
from tests.contract.engine.running_engine import ACCOUNT, ROLE, RunningEngine
from tests.factories.domain_shop import domain_interactions_csv, domain_items_csv, domain_schema
from tests.factories.shop_stream import interactions_csv, items_csv, schema_text, shop_rows

if TYPE_CHECKING:
    from tests.fakes.s3 import FileS3


RECIPE = "arn:aws:personalize:::recipe"


class Shop:
    """A dataset group with datasets, filled and trained step by step by those who need it."""

    domain = ""

    def __init__(
        self,
        engine: RunningEngine,
        s3: FileS3,
        account: str = ACCOUNT,
        name: str = "shop",
        schemas: dict[str, str] | None = None,
    ) -> None:
        self.engine, self.s3, self.account, self.name = engine, s3, account, name
        self.group: str = create(self.control, "dataset_group", name=name, **self._domain)["datasetGroupArn"]
        self.datasets: dict[str, str] = {}
        self.campaigns: dict[str, str] = {}
        self.tracking_id = ""
        for dataset, schema in (
            schemas or {dataset_type: schema_text(dataset_type) for dataset_type in ("Interactions", "Items")}
        ).items():
            self.add_dataset(dataset, schema)

    @property
    def control(self) -> Any:
        return self.engine.client(account=self.account)

    @property
    def events(self) -> Any:
        return self.engine.client("personalize-events", self.account)

    @property
    def runtime(self) -> Any:
        return self.engine.client("personalize-runtime", self.account)

    @property
    def _domain(self) -> dict[str, Any]:
        return {"domain": self.domain} if self.domain else {}

    def add_dataset(self, name: str, schema: str, dataset_type: str = "") -> str:
        """Create a dataset with a schema of its own; its type is its name unless another one is given."""
        made = self.control.create_schema(name=f"{self.name}-{name}", schema=schema, **self._domain)
        described = create(
            self.control,
            "dataset",
            name=name,
            schemaArn=made["schemaArn"],
            datasetGroupArn=self.group,
            datasetType=dataset_type or name,
        )
        self.datasets[name] = described["datasetArn"]
        return self.datasets[name]

    def add_filter(self, name: str, expression: str) -> str:
        """Return the ARN of a new filter once it is ACTIVE."""
        made = create(self.control, "filter", name=name, datasetGroupArn=self.group, filterExpression=expression)
        return str(made["filterArn"])

    def put_item(self, item: str, **properties: Any) -> None:
        self.events.put_items(
            datasetArn=self.datasets["Items"], items=[{"itemId": item, "properties": json.dumps(properties)}]
        )

    def put_user(self, user: str, **properties: Any) -> None:
        self.events.put_users(
            datasetArn=self.datasets["Users"], users=[{"userId": user, "properties": json.dumps(properties)}]
        )

    def track(self) -> None:
        """Create an event tracker, with whose tracking id events are then sent."""
        made = create(self.control, "event_tracker", name=self.name, datasetGroupArn=self.group)
        self.tracking_id = made["trackingId"]

    def load(
        self, name: str, location: str, job: str, mode: str = "FULL", *, may_fail: bool = False, **request: Any
    ) -> dict[str, Any]:
        """Import a file or a folder of S3 into a dataset, and return the job once it has ended."""
        return create(
            self.control,
            "dataset_import_job",
            may_fail=may_fail,
            jobName=job,
            datasetArn=self.datasets[name],
            dataSource={"dataLocation": location},
            roleArn=ROLE,
            importMode=mode,
            **request,
        )

    def fill(self) -> None:
        self.load(
            "Interactions", self.s3.put("data", "interactions.csv", interactions_csv(shop_rows())), "interactions"
        )
        self.load("Items", self.s3.put("data", "items/part-0.csv", items_csv()).rpartition("/")[0] + "/", "items")

    def add_solution(self, name: str, recipe: str = "", **request: Any) -> str:
        """Return the ARN of a new solution, which is trained by hand unless the request says otherwise."""
        named = {"recipeArn": f"{RECIPE}/{recipe}"} if recipe else {}
        made = {"name": name, "datasetGroupArn": self.group, "performAutoTraining": False, **named, **request}
        return str(create(self.control, "solution", **made)["solutionArn"])

    def train(self, name: str, recipe: str, *, may_fail: bool = False, **solution: Any) -> dict[str, Any]:
        return self.retrain(self.add_solution(name, recipe, **solution), may_fail=may_fail)

    def retrain(self, solution: str, *, may_fail: bool = False) -> dict[str, Any]:
        return create(self.control, "solution_version", may_fail=may_fail, solutionArn=solution)

    def deploy(self, name: str, recipe: str) -> str:
        """Train a recipe, and return the ARN of a new campaign of it, one of `campaigns` from now on."""
        self.campaigns[name] = self.add_campaign(name, self.train(name, recipe)["solutionVersionArn"])
        return self.campaigns[name]

    def add_campaign(self, name: str, version: str, **request: Any) -> str:
        made = create(self.control, "campaign", name=name, solutionVersionArn=version, **request)
        return str(made["campaignArn"])

    def recommend(self, campaign: str, **request: Any) -> dict[str, Any]:
        """Return the answer of one of `campaigns`."""
        return dict(self.runtime.get_recommendations(campaignArn=self.campaigns[campaign], **request))

    def rank(self, user: str, items: list[str], **request: Any) -> list[dict[str, Any]]:
        """Return items in the order of the campaign `ranking`."""
        asked = {"campaignArn": self.campaigns["ranking"], "userId": user, "inputList": items, **request}
        return list(self.runtime.get_personalized_ranking(**asked)["personalizedRanking"])


class DomainShop(Shop):
    """A domain dataset group with Interactions and Items; one account has one of each domain at most."""

    def __init__(self, engine: RunningEngine, s3: FileS3, domain: str, account: str) -> None:
        self.domain = domain
        schemas = {name: domain_schema(domain, name) for name in ("Interactions", "Items")}
        super().__init__(engine, s3, account, domain.lower().replace("_", "-"), schemas)
        for name, text in (("Interactions", domain_interactions_csv(domain)), ("Items", domain_items_csv(domain))):
            location = s3.put("data", f"{self.name}/{account}/{name}.csv", text)
            self.load(name, location, f"{self.name}-{name}")

    def recommender(self, name: str, recipe: str, *, may_fail: bool = False, **more: Any) -> dict[str, Any]:
        """Return what is described of a new recommender once it has settled."""
        request = {"name": name, "datasetGroupArn": self.group, "recipeArn": f"{RECIPE}/{recipe}", **more}
        return create(self.control, "recommender", may_fail=may_fail, **request)
