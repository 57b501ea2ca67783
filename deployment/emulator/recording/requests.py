"""The requests that IAM evaluates for a call: MiniStack's check can lack the resource, tags or dependent actions.

Actions, resources and condition keys are those of the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ministack.services import apigateway_v1, athena, cloudfront, kms, lambda_svc, tagging

from deployment.emulator.kinesis.reading import _read_iterator
from deployment.emulator.settings import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Received:
    """A request as it was received.

    Parameters
    ----------
    fields
        Its body in JSON, or the parameters of its form.
    """

    method: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """An action on a resource, with the condition keys of the request."""

    action: str
    resource: str
    context: Mapping[str, Any]


# Actions that a call needs in addition if it sets tags.
_TAGGING = {
    "athena:CreateWorkGroup": "athena:TagResource",
    "cloudfront:CreateDistribution": "cloudfront:TagResource",
    "cloudwatch:PutMetricAlarm": "cloudwatch:TagResource",
    "dynamodb:CreateTable": "dynamodb:TagResource",
    "firehose:CreateDeliveryStream": "firehose:TagDeliveryStream",
    "glue:CreateJob": "glue:TagResource",
    "iam:CreateRole": "iam:TagRole",
    "kinesis:CreateStream": "kinesis:AddTagsToStream",
    "kms:CreateKey": "kms:TagResource",
    "lambda:CreateEventSourceMapping": "lambda:TagResource",
    "lambda:CreateFunction": "lambda:TagResource",
    "logs:CreateLogGroup": "logs:TagResource",
    "sns:CreateTopic": "sns:TagResource",
    "sqs:CreateQueue": "sqs:TagQueue",
    "states:CreateStateMachine": "states:TagResource",
    "wafv2:CreateWebACL": "wafv2:TagResource",
    "budgets:CreateBudget": "budgets:TagResource",
}
# Lambda's actions on the settings of a function, for which MiniStack checks actions on the function itself.
_FUNCTION_SETTINGS = {
    "concurrency": "FunctionConcurrency",
    "event-invoke-config": "FunctionEventInvokeConfig",
    "recursion-config": "FunctionRecursionConfig",
}
# What has a name of its own below these, for which MiniStack checks the actions of their list.
_NAMED = {"aliases": "Alias", "event-source-mappings": "EventSourceMapping"}
_VERBS = {"GET": "Get", "PUT": "Put", "POST": "Update", "DELETE": "Delete"}
_APIS = {
    "restapis": apigateway_v1._rest_apis,
    "usageplans": apigateway_v1._usage_plans,
    "apikeys": apigateway_v1._api_keys,
}
# Resources that have no ARN yet.
_NEW_RESOURCES = {
    "kms:CreateKey": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/new",
    "lambda:CreateEventSourceMapping": f"arn:aws:lambda:eu-central-1:{ACCOUNT}:event-source-mapping:new",
}
# The API of CloudFront: a collection, and the id of one of it.
_CLOUDFRONT = re.compile(
    r"/2020-05-31/(?P<kind>distribution|function|origin-access-control|response-headers-policy)(/(?P<id>[^/]+))?"
)
_XML_TAG = re.compile(r"<Tag>\s*<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>\s*</Tag>")
_XML_NAME = re.compile(r"<Name>([^<]*)</Name>")
_ARN_FIELDS = ("ResourceARN", "ResourceArn", "resourceArn")


def received(method: str, path: str, headers: Any, body: bytes, parameters: Any) -> Received:
    """Return a request with the fields of its body."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    fields = parsed if isinstance(parsed, dict) else {name: _first(value) for name, value in parameters.items()}
    if "/2020-05-31/" in path:
        text = body.decode(errors="replace")
        named = _XML_NAME.search(text)
        fields = {**fields, "path": path, "tags": dict(_XML_TAG.findall(text)), "name": named[1] if named else ""}
    return Received(method, path, headers, fields)


def checks(action: str, resource: str, context: Mapping[str, Any], request: Received) -> list[Checked]:
    """Return what IAM evaluates for a call that MiniStack checks as one action on one resource."""
    service = action.partition(":")[0]
    action = _action(action, request)
    resources = _of_cloudfront(request.fields) if service == "cloudfront" else _resources(action, request.fields)
    if resource == "*" and not resources:
        resources = [request.fields[name] for name in _ARN_FIELDS if request.fields.get(name)]
    resources = resources or [resource]
    context = {**context, **_context(service, action, resources[0], request)}
    checked = [Checked(action, each, context | tags_of(each)) for each in resources]
    if action in _TAGGING and any(key.lower().startswith("aws:requesttag/") for key in context):
        checked.append(Checked(_TAGGING[action], _NEW_RESOURCES.get(action, resources[0]), context))
    if action == "s3:PutObject" and "x-amz-tagging" in request.headers:
        checked.append(Checked("s3:PutObjectTagging", resource, context))
    return checked


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def tags_of(resource: str) -> dict[str, str]:
    """Return the condition keys of a resource's tags."""
    tags: Mapping[str, str] | None
    if ":cloudfront:" in resource:
        tags = {tag["Key"]: tag["Value"] for tag in cloudfront._tags.get(resource) or ()}
    elif ":event-source-mapping:" in resource:
        tags = (lambda_svc._esms.get(resource.rpartition(":")[2]) or {}).get("Tags")
    elif ":apigateway:" not in resource:
        tags = tagging.resource_tags(resource)
    elif "::/tags/" in resource:
        return tags_of(unquote(resource.partition("/tags/")[2]))
    else:
        # Children have the tags of their API, usage plan or key.
        kind, _, identifier = resource.partition("::/")[2].partition("/")
        tags = (_APIS.get(kind, {}).get(identifier.partition("/")[0]) or {}).get("tags")
    return {f"aws:resourcetag/{key}": value for key, value in (tags or {}).items()}


def _action(action: str, request: Received) -> str:
    service, _, name = action.partition(":")
    if service == "budgets" and not name.endswith(("Resource", "Tags")):
        return "budgets:ViewBudget" if name.startswith("Describe") else "budgets:ModifyBudget"
    parts = request.path.strip("/").split("/")
    if service == "cloudfront":
        return action.removesuffix("WithTags")
    if service != "lambda":
        return action
    if len(parts) > 1 and parts[-2] in _NAMED:
        return f"lambda:{ {**_VERBS, 'PUT': 'Update'}[request.method] }{_NAMED[parts[-2]]}"
    if parts[-1] in _FUNCTION_SETTINGS:
        return f"lambda:{_VERBS[request.method]}{_FUNCTION_SETTINGS[parts[-1]]}"
    return action


def _context(service: str, action: str, resource: str, request: Received) -> dict[str, Any]:
    fields = request.fields
    if service in {"apigateway", "cloudfront"}:
        return {f"aws:requesttag/{key}": value for key, value in (fields.get("tags") or {}).items()}
    if service == "iam" and "PermissionsBoundary" in fields:
        return {"iam:permissionsboundary": fields["PermissionsBoundary"]}
    if service == "kms":
        key = (fields.get("TargetKeyId") or resource).rpartition("/")[2]
        aliases = [arn.partition(f"{ACCOUNT}:")[2] for arn, key_id in kms._aliases.items() if key_id == key]
        return {"kms:resourcealiases": aliases} if aliases else {}
    if action.endswith("EventSourceMapping"):
        mapping = lambda_svc._esms.get(resource.rpartition(":")[2]) or {}
        function = mapping.get("FunctionArn") or fields.get("FunctionName")
        if function is None:
            # The mapping is deleted, which the provider waits for.
            return {}
        return {"lambda:functionarn": function if ":" in function else _arn("lambda", f"function:{function}")}
    return {}


def _arn(service: str, resource: str, region: str = "eu-central-1") -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


def _resources(action: str, fields: Mapping[str, Any]) -> list[str]:
    """Return the resources of an action, where MiniStack names none or others; an empty list for MiniStack's."""
    service, _, name = action.partition(":")
    resources: list[str] = []
    match service:
        case "athena":
            resources = _workgroups(name, fields)
        case "budgets":
            resources = [_arn("budgets", f"budget/{_budget_name(fields)}", region="")]
        case "cloudwatch":
            resources = _dashboards_or_alarms(name, fields)
        case "glue":
            resources = _of_catalog(name, fields)
        case "kinesis" if name == "GetRecords":
            resources = [_read_iterator(fields.get("ShardIterator"))[0]]
        case "kms" if "AliasName" in fields:
            alias = _arn("kms", fields["AliasName"])
            key = fields.get("TargetKeyId") or kms._aliases.get(alias) or ""
            resources = [alias, _arn("kms", f"key/{key.rpartition('/')[2]}")]
        case "lambda" if name == "CreateFunction":
            resources = [_arn("lambda", f"function:{fields['FunctionName']}")]
        case "ssm" if name == "GetParametersByPath":
            resources = [_arn("ssm", f"parameter{fields['Path'].rstrip('/')}")]
        case "logs" if "logStreamName" in fields:
            resources = [_arn("logs", f"log-group:{fields['logGroupName']}:log-stream:{fields['logStreamName']}")]
    return resources


def _of_cloudfront(fields: Mapping[str, Any]) -> list[str]:
    if named := _CLOUDFRONT.fullmatch(re.sub(r"/(config|describe|invalidation.*|publish)$", "", fields["path"])):
        # A function's name is in its ARN; the others get an id.
        new = fields["name"] if named["kind"] == "function" else "new"
        return [_arn("cloudfront", f"{named['kind']}/{named['id'] or new}", region="")]
    return [fields["Resource"]] if "Resource" in fields else ["*"]


def _budget_name(fields: Mapping[str, Any]) -> str:
    arn = str(fields.get("ResourceARN", ""))
    budget = fields.get("Budget") or fields.get("NewBudget") or fields
    return str(budget.get("BudgetName") or arn.rpartition("/")[2])


def _workgroups(name: str, fields: Mapping[str, Any]) -> list[str]:
    query = athena._named_queries.get(fields.get("NamedQueryId", ""))
    group = query["WorkGroup"] if query else fields.get("Name") if name == "CreateWorkGroup" else None
    return [_arn("athena", f"workgroup/{group}")] if group else []


def _dashboards_or_alarms(name: str, fields: Mapping[str, Any]) -> list[str]:
    listed = [value for field_name, value in fields.items() if field_name.startswith(("DashboardName", "AlarmName"))]
    names = [each for value in listed for each in (value if isinstance(value, list) else [value])]
    if "Dashboard" in name:
        return [_arn("cloudwatch", f"dashboard/{each}", region="") for each in names]
    return [_arn("cloudwatch", f"alarm:{each}") for each in names] if name == "DeleteAlarms" else []


def _of_catalog(name: str, fields: Mapping[str, Any]) -> list[str]:
    if "SecurityConfiguration" in name:
        return ["*"]
    if "Job" in name:
        return [_arn("glue", f"job/{fields.get('JobName') or fields.get('Name')}")]
    if "Tag" in name:
        return [fields["ResourceArn"]]
    database = fields.get("DatabaseName") or fields.get("Name") or fields.get("DatabaseInput", {}).get("Name")
    resources = [_arn("glue", "catalog"), _arn("glue", f"database/{database}")]
    if "Database" not in name:
        table = fields.get("TableName") or fields.get("Name") or fields.get("TableInput", {}).get("Name")
        return [*resources, _arn("glue", f"table/{database}/{table}")]
    if name == "DeleteDatabase":
        # Its tables and functions are deleted with it.
        resources += [_arn("glue", f"{kind}/{database}/any") for kind in ("table", "userDefinedFunction")]
    return resources
