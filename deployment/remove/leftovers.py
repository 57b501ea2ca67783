"""What is left of an environment after ``terraform destroy``: log groups of services, and what must outlive it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployment.workflow import Progress

# Resources that AWS keeps, or that the account's other environments use, and where they cost something.
OUTLIVES = (
    "the KMS key: 30 days of waiting, free of charge; aws kms cancel-key-deletion keeps it and what it encrypts",
    "the tables' system backups: DynamoDB keeps them for 35 days, free of charge",
    "the service-linked roles AWSServiceRoleForAPIGateway and AWSServiceRoleForWAFV2Logging, of the whole account",
    "the log groups /aws-glue/jobs/* and /aws/sagemaker/TrainingJobs, of the whole account",
    "the resource policies of log deliveries and Step Functions' rule for SageMaker, of the whole account",
    "e-mail subscriptions that were never confirmed: SNS deletes them after 48 hours",
    "metrics, which CloudWatch keeps for 15 months, and the traces of X-Ray, for 30 days",
    "the state file and what infrastructure/bootstrap created",
)

_LOG_FOLDERS = (
    "/aws-glue/jobs",
    "/aws/apigateway",
    "/aws/eks",
    "/aws/kinesisfirehose",
    "/aws/lambda",
    "/aws/sagemaker/Endpoints",
    "/aws/vendedlogs/states",
)

# https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-execution-logging.html
_API_LOGS = "API-Gateway-Execution-Logs_"


@dataclass(frozen=True)
class Owner:
    """An environment of a project, and how its resources are recognized: by names, and by Terraform's default tags."""

    project: str
    environment: str

    @property
    def prefix(self) -> str:
        """Beginning of every name."""
        return f"{self.project}-{self.environment}"

    @property
    def tags(self) -> dict[str, str]:
        """Tags of every resource."""
        return {"Project": self.project, "Environment": self.environment}

    @property
    def log_prefixes(self) -> tuple[str, ...]:
        """Beginnings of the names of log groups: AWS's services create a missing one when they write to it."""
        return (*(f"{folder}/{self.prefix}" for folder in _LOG_FOLDERS), f"aws-waf-logs-{self.prefix}")


def log_groups(logs: Any, owner: Owner) -> Iterator[str]:
    """Yield the names of the environment's log groups."""
    for prefix in owner.log_prefixes:
        for name in _names(logs, prefix):
            # Not those of another environment whose name begins alike.
            if name == prefix or name[len(prefix)] in "-/":
                yield name
    for group in _groups(logs, _API_LOGS):
        if _has_tags(logs, group["arn"], owner.tags):
            yield group["logGroupName"]


def remove_log_groups(logs: Any, owner: Owner, bar: Progress) -> list[str]:
    """Delete the environment's log groups, and return their names."""
    names = list(log_groups(logs, owner))
    for done, name in enumerate(names):
        bar.show(done, len(names), note=name)
        logs.delete_log_group(logGroupName=name)
    return names


def tagged_resources(tagging: Any, owner: Owner) -> list[str]:
    """Return the ARNs of the resources with the environment's tags.

    AWS can list a deleted resource for some hours more.
    """
    filters = [{"Key": key, "Values": [value]} for key, value in owner.tags.items()]
    pages = tagging.get_paginator("get_resources").paginate(TagFilters=filters)
    return sorted(resource["ResourceARN"] for page in pages for resource in page["ResourceTagMappingList"])


def is_awaiting_deletion(kms: Any, arn: str) -> bool:
    """Return whether a resource is a KMS key in its waiting period."""
    if ":kms:" not in arn or ":key/" not in arn:
        return False
    try:
        return bool(kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion")
    except kms.exceptions.NotFoundException:
        return True


def _names(logs: Any, prefix: str) -> list[str]:
    return [group["logGroupName"] for group in _groups(logs, prefix)]


def _groups(logs: Any, prefix: str) -> list[dict[str, Any]]:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [group for page in pages for group in page["logGroups"]]


def _has_tags(logs: Any, arn: str, tags: dict[str, str]) -> bool:
    """Return whether a log group has these tags; the apply role may not read those of another environment."""
    try:
        found = logs.list_tags_for_resource(resourceArn=arn.removesuffix(":*"))["tags"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return False
        raise
    return bool(tags.items() <= found.items())
