"""Dataset groups of the two domains with data in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.engine.conftest import ROLE, until_settled
from tests.factories.domain_shop import domain_interactions_csv, domain_items_csv, domain_schema

if TYPE_CHECKING:
    from tests.contract.engine.conftest import RunningEngine
    from tests.fakes.s3 import FileS3


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
