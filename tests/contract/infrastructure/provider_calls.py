"""The calls of the AWS provider 5.100 that `record` cannot record, for each type of resource, and on which resource.

They are calls of resources that the laptop leaves out, and of changes that no recorded command makes. Compiled by hand
from the documentation of the provider's resources and of AWS's APIs; the resource that IAM evaluates and its condition
keys are those of the Service Authorization Reference. A call is written ``action@resource``; the resource is a key of
`resources`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tests.contract.infrastructure.account import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

Context: TypeAlias = "dict[str, str | list[str]]"


@dataclass(frozen=True)
class Call:
    """One request as IAM evaluates it."""

    action: str
    resource: str
    context: Context


@dataclass(frozen=True)
class Calls:
    """Calls for a type of resource: those of a plan, and those that an apply makes beside them."""

    read: str
    write: str


CALLS = {
    # Of deployment.release: plans and the records of applied commits in the state bucket.
    "deployment.release": Calls("s3:PutObject@plan s3:GetObject@release", "s3:GetObject@plan s3:PutObject@release"),
    # Of deployment.pages.
    "deployment.pages": Calls(
        "s3:ListBucket@pages",
        "cloudfront:CreateInvalidation@distribution cloudfront:GetInvalidation@distribution "
        "s3:PutObject@page s3:GetObjectTagging@page s3:PutObjectTagging@page s3:DeleteObject@page",
    ),
    "aws_api_gateway_stage": Calls(
        "",
        "logs:CreateLogDelivery@any logs:PutResourcePolicy@any logs:DescribeResourcePolicies@any "
        "logs:ListLogDeliveries@any",
    ),
    "aws_budgets_budget": Calls("", "budgets:TagResource@budget"),
    "aws_cloudfront_distribution": Calls(
        "cloudfront:GetDistribution@distribution cloudfront:ListTagsForResource@distribution",
        "cloudfront:CreateDistribution@new-distribution cloudfront:TagResource@new-distribution "
        "cloudfront:TagResource@distribution-tags cloudfront:UntagResource@distribution "
        "cloudfront:UpdateDistribution@distribution cloudfront:GetDistributionConfig@distribution "
        "cloudfront:DeleteDistribution@distribution",
    ),
    "aws_cloudfront_function": Calls(
        "cloudfront:DescribeFunction@edge-function cloudfront:GetFunction@edge-function",
        "cloudfront:CreateFunction@edge-function cloudfront:PublishFunction@edge-function "
        "cloudfront:UpdateFunction@edge-function cloudfront:DeleteFunction@edge-function",
    ),
    "aws_cloudfront_origin_access_control": Calls(
        "cloudfront:GetOriginAccessControl@origin-access-control",
        "cloudfront:CreateOriginAccessControl@origin-access-control "
        "cloudfront:UpdateOriginAccessControl@origin-access-control "
        "cloudfront:DeleteOriginAccessControl@origin-access-control",
    ),
    "aws_cloudfront_response_headers_policy": Calls(
        "cloudfront:GetResponseHeadersPolicy@response-headers-policy",
        "cloudfront:CreateResponseHeadersPolicy@response-headers-policy "
        "cloudfront:UpdateResponseHeadersPolicy@response-headers-policy "
        "cloudfront:DeleteResponseHeadersPolicy@response-headers-policy",
    ),
    "aws_cloudwatch_log_delivery": Calls(
        "logs:GetDelivery@delivery logs:ListTagsForResource@delivery",
        "logs:CreateDelivery@new-delivery logs:CreateDelivery@delivery-source logs:CreateDelivery@delivery-destination "
        "logs:TagResource@new-delivery logs:UntagResource@delivery logs:UpdateDeliveryConfiguration@delivery "
        "logs:DeleteDelivery@delivery",
    ),
    "aws_cloudwatch_log_delivery_destination": Calls(
        "logs:GetDeliveryDestination@delivery-destination logs:ListTagsForResource@delivery-destination",
        "logs:PutDeliveryDestination@delivery-destination logs:TagResource@delivery-destination "
        "logs:DeleteDeliveryDestination@delivery-destination",
    ),
    "aws_cloudwatch_log_delivery_source": Calls(
        "logs:GetDeliverySource@delivery-source logs:ListTagsForResource@delivery-source",
        "logs:PutDeliverySource@delivery-source logs:TagResource@delivery-source "
        "logs:DeleteDeliverySource@delivery-source cloudfront:AllowVendedLogDeliveryForResource@distribution",
    ),
    "aws_cloudwatch_log_group": Calls(
        "logs:ListTagsForResource@api-log-group logs:ListTagsForResource@edge-log-group",
        "logs:AssociateKmsKey@log-group logs:CreateLogGroup@new-api-log-group logs:TagResource@new-api-log-group "
        "logs:PutRetentionPolicy@api-log-group logs:AssociateKmsKey@api-log-group logs:DeleteLogGroup@api-log-group "
        "logs:CreateLogGroup@edge-log-group logs:PutRetentionPolicy@edge-log-group logs:DeleteLogGroup@edge-log-group",
    ),
    "aws_cloudwatch_metric_alarm": Calls("", "cloudwatch:TagResource@alarm"),
    "aws_dynamodb_table": Calls("", "dynamodb:UpdateTable@table"),
    "aws_glue_catalog_table": Calls("", "glue:UpdateTable@glue-table"),
    "aws_iam_role": Calls("", "iam:UpdateAssumeRolePolicy@role"),
    "aws_kinesis_firehose_delivery_stream": Calls("", "firehose:UpdateDestination@delivery-stream"),
    "aws_kinesis_stream": Calls("", "kinesis:UpdateShardCount@stream kinesis:DeleteStream@stream"),
    "aws_kms_alias": Calls("", "kms:UpdateAlias@alias"),
    "aws_ecr_lifecycle_policy": Calls(
        "ecr:GetLifecyclePolicy@engine-repository",
        "ecr:PutLifecyclePolicy@engine-repository ecr:DeleteLifecyclePolicy@engine-repository",
    ),
    "aws_ecr_repository": Calls(
        "ecr:DescribeRepositories@engine-repository ecr:ListTagsForResource@engine-repository",
        "ecr:CreateRepository@engine-repository ecr:TagResource@engine-repository "
        "ecr:PutImageScanningConfiguration@engine-repository ecr:DeleteRepository@engine-repository "
        "kms:CreateGrant@key kms:RetireGrant@key",
    ),
    "aws_eks_access_entry": Calls(
        "eks:DescribeAccessEntry@engine-access-entry",
        "eks:CreateAccessEntry@engine-cluster eks:DeleteAccessEntry@engine-access-entry "
        "eks:TagResource@engine-access-entry",
    ),
    "aws_eks_access_policy_association": Calls(
        "eks:ListAssociatedAccessPolicies@engine-access-entry",
        "eks:AssociateAccessPolicy@engine-access-entry eks:DisassociateAccessPolicy@engine-access-entry",
    ),
    "aws_eks_cluster": Calls(
        "eks:DescribeCluster@engine-cluster eks:DescribeUpdate@engine-cluster kms:DescribeKey@key",
        "eks:CreateCluster@engine-cluster eks:TagResource@engine-cluster "
        "eks:UpdateClusterConfig@engine-cluster eks:UpdateClusterVersion@engine-cluster "
        "eks:DeleteCluster@engine-cluster iam:PassRole@role-to-eks iam:PassRole@role-to-ec2 "
        "kms:CreateGrant@key iam:CreateServiceLinkedRole@role-of-eks",
    ),
    "aws_eks_pod_identity_association": Calls(
        "eks:DescribePodIdentityAssociation@engine-association",
        "eks:CreatePodIdentityAssociation@engine-cluster eks:UpdatePodIdentityAssociation@engine-association "
        "eks:DeletePodIdentityAssociation@engine-association eks:TagResource@engine-association "
        "iam:PassRole@role-to-pods",
    ),
    "aws_iam_role_policy_attachment": Calls(
        "iam:ListAttachedRolePolicies@engine-role",
        "iam:CreateRole@engine-role iam:AttachRolePolicy@engine-role iam:DetachRolePolicy@engine-role",
    ),
    "aws_kms_key": Calls("", "kms:PutKeyPolicy@key kms:ScheduleKeyDeletion@key kms:CreateGrant@key kms:Encrypt@key"),
    "aws_lambda_alias": Calls(
        "lambda:GetAlias@function-alias",
        "lambda:CreateAlias@function-alias lambda:UpdateAlias@function-alias lambda:DeleteAlias@function-alias",
    ),
    "aws_lambda_event_source_mapping": Calls(
        "", "lambda:UpdateEventSourceMapping@mapping lambda:DeleteEventSourceMapping@mapping"
    ),
    "aws_lambda_function": Calls(
        "kms:Decrypt@key-for-function",
        "lambda:UpdateFunctionCode@function lambda:PutFunctionConcurrency@function lambda:PublishVersion@function",
    ),
    "aws_lambda_permission": Calls(
        "lambda:GetPolicy@function-alias",
        "lambda:AddPermission@function-alias lambda:RemovePermission@function-alias",
    ),
    "aws_s3_bucket": Calls("s3:GetBucketLocation@bucket", "s3:DeleteBucket@bucket"),
    "aws_s3_bucket_lifecycle_configuration": Calls("", "s3:PutLifecycleConfiguration@bucket"),
    "aws_s3_bucket_logging": Calls("", "s3:PutBucketLogging@bucket"),
    "aws_s3_object": Calls(
        "kms:Decrypt@key-for-s3 s3:GetObject@page-settings s3:GetObjectTagging@page-settings",
        "s3:DeleteObject@archive s3:PutObject@page-settings",
    ),
    "aws_sagemaker_endpoint": Calls(
        "sagemaker:DescribeEndpoint@endpoint sagemaker:ListTags@endpoint",
        "sagemaker:CreateEndpoint@endpoint sagemaker:CreateEndpoint@endpoint-config "
        "sagemaker:AddTags@endpoint sagemaker:UpdateEndpoint@endpoint sagemaker:DeleteEndpoint@endpoint",
    ),
    "aws_sagemaker_endpoint_configuration": Calls(
        "sagemaker:DescribeEndpointConfig@endpoint-config sagemaker:ListTags@endpoint-config",
        "sagemaker:CreateEndpointConfig@endpoint-config sagemaker:DeleteEndpointConfig@endpoint-config",
    ),
    "aws_sagemaker_model": Calls(
        "sagemaker:DescribeModel@model sagemaker:ListTags@model",
        "sagemaker:CreateModel@model sagemaker:DeleteModel@model",
    ),
    "aws_scheduler_schedule": Calls("kms:Decrypt@key-for-schedule", ""),
    "aws_sfn_state_machine": Calls(
        "kms:Decrypt@key-for-state-machine", "states:UpdateStateMachine@state-machine states:TagResource@state-machine"
    ),
    "aws_sns_topic_subscription": Calls("", "sns:SetSubscriptionAttributes@any"),
    "aws_sqs_queue": Calls("", "sqs:SetQueueAttributes@queue"),
    "aws_sqs_queue_policy": Calls("", "sqs:SetQueueAttributes@queue"),
    "aws_ssm_parameter": Calls(
        "ssm:GetParameter@distribution-key ssm:DescribeParameters@any ssm:ListTagsForResource@distribution-key "
        "kms:Decrypt@key-for-parameter",
        "ssm:PutParameter@distribution-key ssm:AddTagsToResource@distribution-key kms:Encrypt@key "
        "ssm:RemoveTagsFromResource@distribution-key ssm:DeleteParameter@distribution-key",
    ),
    "aws_ssm_parameters_by_path": Calls("ssm:GetParametersByPath@parameters", ""),
    "aws_wafv2_web_acl": Calls(
        "wafv2:GetWebACL@web-acl wafv2:ListTagsForResource@web-acl "
        "wafv2:GetWebACL@edge-web-acl wafv2:ListTagsForResource@edge-web-acl",
        "wafv2:CreateWebACL@web-acl wafv2:CreateWebACL@managed-rules wafv2:UpdateWebACL@web-acl "
        "wafv2:TagResource@web-acl wafv2:DeleteWebACL@web-acl "
        "wafv2:CreateWebACL@edge-web-acl wafv2:CreateWebACL@edge-managed-rules wafv2:UpdateWebACL@edge-web-acl "
        "wafv2:UpdateWebACL@edge-managed-rules wafv2:TagResource@edge-web-acl wafv2:DeleteWebACL@edge-web-acl",
    ),
    "aws_wafv2_web_acl_association": Calls(
        "wafv2:GetWebACLForResource@stage wafv2:GetWebACLForResource@web-acl",
        "wafv2:AssociateWebACL@web-acl wafv2:AssociateWebACL@stage apigateway:SetWebACL@stage "
        "wafv2:DisassociateWebACL@stage",
    ),
    "aws_wafv2_web_acl_logging_configuration": Calls(
        "wafv2:GetLoggingConfiguration@web-acl wafv2:GetLoggingConfiguration@edge-web-acl",
        "wafv2:PutLoggingConfiguration@edge-web-acl wafv2:DeleteLoggingConfiguration@edge-web-acl "
        "wafv2:PutLoggingConfiguration@web-acl wafv2:DeleteLoggingConfiguration@web-acl "
        "iam:CreateServiceLinkedRole@role-of-waf",
    ),
}


def resources(environment: str) -> dict[str, tuple[str, Context]]:
    """Return the ARN and the request's condition keys for each kind of resource of an environment."""
    prefix = f"rivulet-{environment}"
    here = f"{REGION}:{ACCOUNT_ID}"
    tags = {"Project": "rivulet", "Environment": environment}
    tagged: Context = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    new: Context = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    key_arn = f"arn:aws:kms:{here}:key/{environment}-key"
    key: Context = tagged | {"kms:ResourceAliases": [f"alias/{prefix}"]}
    function = f"arn:aws:lambda:{here}:function:{prefix}-collect"
    mapping = f"arn:aws:lambda:{here}:event-source-mapping:{environment}-mapping"
    state_machine = f"arn:aws:states:{here}:stateMachine:{prefix}-train"
    schedule = f"arn:aws:scheduler:{here}:schedule/default/{prefix}-train"
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/{prefix}-collect"
    apis = f"arn:aws:apigateway:{REGION}::"
    log_group = f"arn:aws:logs:{here}:log-group:/aws/lambda/{prefix}-collect"
    # API Gateway names the group of its execution logs after the API's generated id.
    api_log_group = f"arn:aws:logs:{here}:log-group:API-Gateway-Execution-Logs_{environment}api/v1"
    # CloudFront has no region, and what belongs to it is in us-east-1.
    cloudfront = f"arn:aws:cloudfront::{ACCOUNT_ID}"
    edge = f"us-east-1:{ACCOUNT_ID}"
    parameter = f"arn:aws:ssm:{here}:parameter/rivulet/{environment}"
    pages = f"arn:aws:s3:::{prefix}-{ACCOUNT_ID}-pages"
    state = f"arn:aws:s3:::rivulet-{ACCOUNT_ID}-terraform/rivulet/{environment}"
    unconditional = {
        "any": "*",
        "alarm": f"arn:aws:cloudwatch:{here}:alarm:{prefix}-api-slow",
        "alias": f"arn:aws:kms:{here}:alias/{prefix}",
        "archive": f"arn:aws:s3:::{prefix}-{ACCOUNT_ID}-artifacts/lambda/{prefix}-collect/0123456789ab.zip",
        "bucket": f"arn:aws:s3:::{prefix}-{ACCOUNT_ID}-lake",
        "budget": f"arn:aws:budgets::{ACCOUNT_ID}:budget/{prefix}",
        "catalog": f"arn:aws:glue:{here}:catalog",
        "dashboard": f"arn:aws:cloudwatch::{ACCOUNT_ID}:dashboard/{prefix}",
        "database": f"arn:aws:glue:{here}:database/rivulet_{environment}",
        "delivery-destination": f"arn:aws:logs:{edge}:delivery-destination:{prefix}-pages",
        "delivery-source": f"arn:aws:logs:{edge}:delivery-source:{prefix}-pages",
        "delivery-stream": f"arn:aws:firehose:{here}:deliverystream/{prefix}-lake",
        "distribution-key": f"{parameter}/keys/distribution",
        "edge-function": f"{cloudfront}:function/{prefix}-missing",
        "edge-log-group": f"arn:aws:logs:{edge}:log-group:aws-waf-logs-{prefix}-pages",
        "edge-managed-rules": "arn:aws:wafv2:us-east-1:aws:global/managedruleset/AWSManagedRulesCommonRuleSet/id",
        "edge-web-acl": f"arn:aws:wafv2:{edge}:global/webacl/{prefix}-pages/id",
        "endpoint": f"arn:aws:sagemaker:{here}:endpoint/{prefix}-custom",
        "endpoint-config": f"arn:aws:sagemaker:{here}:endpoint-config/{prefix}-custom-0123456789ab",
        "engine-access-entry": f"arn:aws:eks:{here}:access-entry/{prefix}-engine/role/{ACCOUNT_ID}/platform/id",
        "engine-association": f"arn:aws:eks:{here}:podidentityassociation/{prefix}-engine/a-id",
        "engine-cluster": f"arn:aws:eks:{here}:cluster/{prefix}-engine",
        "engine-repository": f"arn:aws:ecr:{here}:repository/{prefix}-engine",
        "function": function,
        "function-alias": f"{function}:live",
        "glue-function": f"arn:aws:glue:{here}:userDefinedFunction/rivulet_{environment}/any",
        "glue-job": f"arn:aws:glue:{here}:job/{prefix}-datasets",
        "glue-table": f"arn:aws:glue:{here}:table/rivulet_{environment}/events",
        "log-group": log_group,
        "log-stream": f"{log_group}:log-stream:S3Delivery",
        "managed-rules": f"arn:aws:wafv2:{REGION}:aws:regional/managedruleset/AWSManagedRulesCommonRuleSet/id",
        "model": f"arn:aws:sagemaker:{here}:model/{prefix}-custom-0123456789ab",
        "object": f"arn:aws:s3:::{prefix}-{ACCOUNT_ID}-lake/raw/events/part.parquet",
        "origin-access-control": f"{cloudfront}:origin-access-control/{environment}control",
        "page": f"{pages}/index.html",
        "page-settings": f"{pages}/config.json",
        "pages": pages,
        "parameters": parameter,
        "plan": f"{state}/plans/0123456789ab.zip",
        "queue": f"arn:aws:sqs:{here}:{prefix}-collect-failed",
        "release": f"{state}/releases/0123456789ab.json",
        "response-headers-policy": f"{cloudfront}:response-headers-policy/{environment}policy",
        "role": role,
        "schedule": schedule,
        "state-machine": state_machine,
        "stream": f"arn:aws:kinesis:{here}:stream/{prefix}-events",
        "table": f"arn:aws:dynamodb:{here}:table/{prefix}-history",
        "topic": f"arn:aws:sns:{here}:{prefix}-alarms",
        "web-acl": f"arn:aws:wafv2:{here}:regional/webacl/{prefix}/id",
        "workgroup": f"arn:aws:athena:{here}:workgroup/{prefix}",
    }
    services = ("firehose", "glue", "lambda", "sagemaker", "scheduler", "states")
    conditional: dict[str, tuple[str, Context]] = {
        "api": (f"{apis}/restapis/{environment}api/resources", tagged),
        "api-key": (f"{apis}/apikeys/{environment}key", tagged),
        "api-log-group": (api_log_group, tagged),
        "api-tags": (f"{apis}/tags/{environment}api", tagged | new),
        "bounded-role": (
            role,
            {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT_ID}:policy/rivulet-boundary-{environment}"},
        ),
        "delivery": (f"arn:aws:logs:{edge}:delivery:{environment}delivery", tagged),
        "distribution": (f"{cloudfront}:distribution/{environment}distribution", tagged),
        "distribution-tags": (f"{cloudfront}:distribution/{environment}distribution", tagged | new),
        "engine-role": (
            f"arn:aws:iam::{ACCOUNT_ID}:role/{prefix}-engine-nodes",
            {
                "iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT_ID}:policy/rivulet-boundary-{environment}-engine",
                "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy",
            },
        ),
        "key": (key_arn, key),
        "key-for-function": (key_arn, key | {"kms:EncryptionContext:aws:lambda:FunctionArn": function}),
        "key-for-parameter": (key_arn, key | {"kms:EncryptionContext:PARAMETER_ARN": f"{parameter}/keys/distribution"}),
        "key-for-s3": (key_arn, key | {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}),
        "key-for-schedule": (key_arn, key | {"kms:EncryptionContext:aws:scheduler:schedule:arn": schedule}),
        "key-for-state-machine": (key_arn, key | {"kms:EncryptionContext:aws:states:stateMachineArn": state_machine}),
        "mapping": (mapping, {"lambda:FunctionArn": function}),
        "new-api": (f"{apis}/restapis", new),
        "new-api-log-group": (api_log_group, new),
        "new-api-key": (f"{apis}/apikeys", new),
        "new-delivery": (f"arn:aws:logs:{edge}:delivery:new", new),
        "new-distribution": (f"{cloudfront}:distribution/new", new),
        "new-key": ("*", new),
        "new-mapping": ("*", new | {"lambda:FunctionArn": function}),
        "new-usage-plan": (f"{apis}/usageplans", new),
        "role-of-eks": (
            f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
            {"iam:AWSServiceName": "eks.amazonaws.com"},
        ),
        "role-of-waf": (
            f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/wafv2.amazonaws.com/AWSServiceRoleForWAFV2Logging",
            {"iam:AWSServiceName": "wafv2.amazonaws.com"},
        ),
        "stage": (f"{apis}/restapis/{environment}api/stages/v1", tagged),
        "tagged-mapping": (mapping, tagged),
        "untagged-key": (key_arn, new),
        "untagged-mapping": (mapping, new),
        "usage-plan": (f"{apis}/usageplans/{environment}plan/keys", tagged),
    }
    passed: dict[str, tuple[str, Context]] = {
        f"role-to-{service}": (role, {"iam:PassedToService": f"{service}.amazonaws.com"}) for service in services
    }
    engine_role = f"arn:aws:iam::{ACCOUNT_ID}:role/{prefix}-engine"
    passed |= {
        "role-to-ec2": (f"{engine_role}-nodes", {"iam:PassedToService": "ec2.amazonaws.com"}),
        "role-to-eks": (f"{engine_role}-cluster", {"iam:PassedToService": "eks.amazonaws.com"}),
        "role-to-pods": (engine_role, {"iam:PassedToService": "pods.eks.amazonaws.com"}),
    }
    return {name: (arn, {}) for name, arn in unconditional.items()} | conditional | passed


def calls(text: str, environment: str) -> Iterator[Call]:
    """Yield the calls that a text of `CALLS` lists, on the resources of an environment."""
    known = resources(environment)
    for call in text.split():
        action, _, resource = call.partition("@")
        yield Call(action, *known[resource])
