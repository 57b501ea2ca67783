"""Every resource of an account, by the list calls of its services and by its tags."""

from __future__ import annotations

from typing import Any

import boto3

# Service, list call, the key of its list, the key of a name, arguments.
LISTS: tuple[tuple[str, str, str, str | None, dict[str, Any]], ...] = (
    ("apigateway", "get_api_keys", "items", "id", {}),
    ("apigateway", "get_rest_apis", "items", "id", {}),
    ("apigateway", "get_usage_plans", "items", "id", {}),
    ("athena", "list_work_groups", "WorkGroups", "Name", {}),
    ("athena", "list_named_queries", "NamedQueryIds", None, {"WorkGroup": "rivulet-local"}),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", {}),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName", {}),
    ("dynamodb", "list_tables", "TableNames", None, {}),
    ("events", "list_rules", "Rules", "Name", {}),
    ("firehose", "list_delivery_streams", "DeliveryStreamNames", None, {}),
    ("glue", "get_databases", "DatabaseList", "Name", {}),
    ("glue", "get_jobs", "Jobs", "Name", {}),
    ("glue", "get_security_configurations", "SecurityConfigurations", "Name", {}),
    ("iam", "list_roles", "Roles", "RoleName", {}),
    ("iam", "list_policies", "Policies", "PolicyName", {"Scope": "Local"}),
    ("kinesis", "list_streams", "StreamNames", None, {}),
    ("kms", "list_aliases", "Aliases", "AliasName", {}),
    ("kms", "list_keys", "Keys", "KeyId", {}),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID", {}),
    ("lambda", "list_functions", "Functions", "FunctionArn", {"FunctionVersion": "ALL"}),
    ("logs", "describe_log_groups", "logGroups", "logGroupName", {}),
    ("personalize", "list_campaigns", "campaigns", "name", {}),
    ("personalize", "list_dataset_groups", "datasetGroups", "name", {}),
    ("personalize", "list_datasets", "datasets", "datasetArn", {}),
    ("personalize", "list_event_trackers", "eventTrackers", "eventTrackerArn", {}),
    ("personalize", "list_filters", "Filters", "name", {}),
    ("personalize", "list_schemas", "schemas", "name", {}),
    ("personalize", "list_solutions", "solutions", "name", {}),
    ("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", "ResourceARN", {}),
    ("s3", "list_buckets", "Buckets", "Name", {}),
    ("scheduler", "list_schedules", "Schedules", "Name", {}),
    ("sns", "list_topics", "Topics", "TopicArn", {}),
    ("sqs", "list_queues", "QueueUrls", None, {}),
    ("ssm", "describe_parameters", "Parameters", "Name", {}),
    ("stepfunctions", "list_state_machines", "stateMachines", "name", {}),
)

Resources = dict[str, set[str]]


def list_resources() -> Resources:
    """Return the names of the resources by list call, from the account of the environment variables."""
    found = {}
    for service, operation, key, name, arguments in LISTS:
        client: Any = boto3.client(service)  # type: ignore[call-overload]  # one of several
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**arguments)
        else:
            pages = [getattr(client, operation)(**arguments)]
        try:
            listed = [entry for page in pages for entry in page.get(key, [])]
        except client.exceptions.InvalidRequestException:  # Athena's: the work group does not exist
            listed = []
        found[f"{service} {operation}"] = {entry if name is None else entry[name] for entry in listed}
    return found


def difference(before: Resources, after: Resources) -> set[str]:
    """Return what is new, each with its list call."""
    return {f"{call}: {name}" for call, names in after.items() for name in names - before[call]}


def table(**stages: Resources) -> str:
    """Return the number of resources by list call, at each stage."""
    calls = next(iter(stages.values()))
    width = max(map(len, calls))
    head = " ".join([" " * width, *(f"{stage:>9}" for stage in stages)])
    lines = [" ".join([f"{call:{width}}", *(f"{len(listed[call]):9}" for listed in stages.values())]) for call in calls]
    return "\n".join([head, *lines])
