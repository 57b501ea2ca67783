"""Checks a state machine's role before each integration, where the emulator enforces IAM (``--enforce-iam``).

MiniStack calls the services from inside, without a check. This module derives the action and the resource of a call,
and MiniStack's own evaluator evaluates the role's policies; conditions on the resource's tags are not supported.
"""

from __future__ import annotations

import re
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions as states

from deployment.emulator.kms import checks, errors
from deployment.emulator.kms.decisions import KeyUseError, Role
from deployment.emulator.kms.resources import Call
from deployment.emulator.stepfunctions.errors import error_name
from deployment.emulator.stepfunctions.execution import current

# Names of a service in ASL that differ from its prefix in policies.
POLICY_PREFIX = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "personalizeevents": "personalize",
    "personalizeruntime": "personalize",
    "sfn": "states",
}
# The kind of resource of Personalize's requests that do not name it; PutEvents has no resource level.
SUBJECTS = {
    "getActionRecommendations": "Campaign",
    "getPersonalizedRanking": "Campaign",
    "getRecommendations": "Campaign",
    "putActions": "Dataset",
    "putItems": "Dataset",
    "putUsers": "Dataset",
}


def install() -> None:
    """Check the role before the integration is called."""
    invoke = states._invoke_resource

    def invoke_resource(resource: str, arguments: Any) -> Any:
        if app.AUTH:
            check_permission(resource, arguments if isinstance(arguments, dict) else {})
        return invoke(resource, arguments)

    states._invoke_resource = invoke_resource


def check_permission(resource: str, arguments: dict[str, Any]) -> None:
    """Raise the service's error for an integration that the execution's role does not allow."""
    permission = permission_of(resource, arguments)
    if permission is None:
        return
    action, arn = permission
    _require(resource, action, arn)
    if action.startswith("personalize:Create") and arguments.get("Tags"):
        _require(resource, "personalize:TagResource", arn)
    if action.startswith("personalize:Get"):
        # A request with filters needs the permission for each of them as well.
        for chosen in (arguments, *arguments.get("Promotions", ())):
            if "FilterArn" in chosen:
                _require(resource, action, str(chosen["FilterArn"]))


def _require(resource: str, action: str, arn: str) -> None:
    running = current.get()
    if running is None:
        return
    role = running.role_arn.rpartition("/")[2]
    principal = f"arn:aws:sts::{get_account_id()}:assumed-role/{role}/{running.record['name']}"
    context = iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=get_account_id(),
        action=action,
        resource_arn=arn,
        region=get_region(),
    )
    policies = iam_evaluator._gather_role_policies(role, get_account_id())
    if iam_evaluator.evaluate(context, policies).decision != "Allow":
        cause = (
            f"User: {principal} is not authorized to perform: {action} on resource: {arn} "
            f"because no identity-based policy allows the {action} action"
        )
        raise _refused(resource, "AccessDeniedException", cause)
    try:
        checks.check(Call(action, arn), Role(running.role_arn, running.record["name"]))
    except KeyUseError as error:
        raise _refused(resource, errors.code_of(action.partition(":")[0], error), str(error)) from error


def _refused(resource: str, code: str, cause: str) -> Exception:
    name = resource.rpartition(":::")[2]
    service = name.removeprefix("aws-sdk:").partition(":")[0] if ":::" in resource else "lambda"
    refusal: Exception = states._ExecutionError(
        error_name(service, code, is_optimized=not name.startswith("aws-sdk:")), cause
    )
    return refusal


def permission_of(resource: str, arguments: dict[str, Any]) -> tuple[str, str] | None:
    """Return the action and the resource that a Task needs, or None where it does not call AWS (an activity).

    Parameters
    ----------
    resource
        A Task's ``Resource``.
    """
    if ":lambda:" in resource and ":function:" in resource:
        return "lambda:InvokeFunction", resource
    name = resource.rpartition(":::")[2].removesuffix(".sync").removesuffix(".waitForTaskToken")
    parts = name.removeprefix("aws-sdk:").split(":")
    if len(parts) < 2:
        return None
    service, verb = POLICY_PREFIX.get(parts[0], parts[0]), parts[1]
    if service == "lambda":
        return "lambda:InvokeFunction", _function_arn(arguments.get("FunctionName", ""))
    return f"{service}:{verb[:1].upper()}{verb[1:]}", _resource_arn(service, verb, arguments)


def _resource_arn(service: str, verb: str, arguments: dict[str, Any]) -> str:
    prefix = f"arn:aws:{service}:{get_region()}:{get_account_id()}"
    if service == "personalize":
        return _personalize_arn(prefix, verb, arguments)
    if service == "s3":
        key = f"/{arguments['Key']}" if "Key" in arguments else ""
        return f"arn:aws:s3:::{arguments.get('Bucket', '*')}{key}"
    if service == "states":
        return str(arguments.get("ExecutionArn") or arguments.get("StateMachineArn") or "*")
    if service == "athena":
        return f"{prefix}:workgroup/{arguments.get('WorkGroup', 'primary')}"
    kind, member = {"glue": ("job", "JobName"), "ssm": ("parameter", "Name"), "dynamodb": ("table", "TableName")}.get(
        service, ("", "")
    )
    return f"{prefix}:{kind}/{arguments[member].lstrip('/')}" if member in arguments else "*"


def _personalize_arn(prefix: str, verb: str, arguments: dict[str, Any]) -> str:
    subject = SUBJECTS.get(verb) or re.sub(r"^(create|describe|delete|update|stop|list)", "", verb)
    # A new version belongs to its solution, and so do the metrics of one.
    names = (f"{subject}Arn", "ResourceArn", "SolutionVersionArn", "RecommenderArn")
    arn = next((arguments[name] for name in names if arguments.get(name)), None)
    if arn:
        return str(arn)
    if subject == "SolutionVersion":
        return str(arguments.get("SolutionArn", "*"))
    if subject == "Dataset":
        group = str(arguments.get("DatasetGroupArn", "")).rpartition("/")[2]
        return f"{prefix}:dataset/{group}/{str(arguments.get('DatasetType', '')).upper()}"
    name = arguments.get("Name") or arguments.get("JobName")
    if verb.startswith("create") and name:
        return f"{prefix}:{re.sub(r'(?<!^)(?=[A-Z])', '-', subject).lower()}/{name}"
    return "*"


def _function_arn(function: str) -> str:
    if function.startswith("arn:"):
        return function
    return f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{function}"
