"""The table of KMS rules: which use of which key a call of a service needs, and whose.

Where a service acts for its caller it forwards the caller's permissions, and KMS sees the service in
``kms:ViaService``; where it acts for itself the key policy has to name its service principal.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from deployment.emulator.kms import resources

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.kms.resources import Call, Encrypted

DECRYPT, GENERATE = "kms:Decrypt", "kms:GenerateDataKey"
# https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
OF_PERSONALIZE = (DECRYPT, GENERATE, "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants")
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
OF_LOGS = ("kms:Encrypt", DECRYPT, "kms:ReEncryptFrom", "kms:ReEncryptTo", GENERATE, "kms:DescribeKey")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html: a write decrypts, too.
ITEM_ACTIONS = tuple(
    f"dynamodb:{name}"
    for name in (
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "UpdateItem",
    )
)


class Actor(Enum):
    """The principal whose permissions count, where it is no service."""

    CALLER = auto()
    ROLE = auto()


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    Parameters
    ----------
    actions
        The calls, as IAM names them.
    uses
        The operations of KMS that all must be allowed.
    find
        Finds the keys and the encryption context.
    principal
        The caller, the role that the resource names, or a service principal; ``{region}`` in it is replaced.
    via
        The service in ``kms:ViaService``; None where the service calls KMS for itself.
    """

    actions: tuple[str, ...]
    uses: tuple[str, ...]
    find: Callable[[Call], list[Encrypted]]
    principal: Actor | str = Actor.CALLER
    via: str | None = None


RULES: tuple[Rule, ...] = (
    Rule(("s3:PutObject",), (GENERATE,), resources.written_object, via="s3"),
    Rule(("s3:PutObject",), (DECRYPT,), resources.part, via="s3"),
    Rule(("s3:GetObject", "s3:GetObjectVersion"), (DECRYPT,), resources.stored_object, via="s3"),
    Rule(("kinesis:PutRecord", "kinesis:PutRecords"), (GENERATE,), resources.stream, via="kinesis"),
    Rule(("kinesis:GetRecords",), (DECRYPT,), resources.stream, via="kinesis"),
    Rule(("kinesis:StartStreamEncryption",), (GENERATE,), resources.new_stream_key, via="kinesis"),
    Rule(ITEM_ACTIONS, (DECRYPT,), resources.table, via="dynamodb"),
    Rule(("dynamodb:CreateTable",), ("kms:DescribeKey", "kms:CreateGrant"), resources.new_table, via="dynamodb"),
    Rule(("sqs:SendMessage", "sqs:SendMessageBatch"), (GENERATE, DECRYPT), resources.queue, via="sqs"),
    Rule(("sqs:ReceiveMessage",), (DECRYPT,), resources.queue, via="sqs"),
    Rule(("sns:Publish", "sns:PublishBatch"), (GENERATE, DECRYPT), resources.topic, via="sns"),
    Rule(("cloudwatch:SetAlarmState",), (GENERATE, DECRYPT), resources.topic, principal="cloudwatch.amazonaws.com"),
    Rule(
        ("logs:CreateLogGroup", "logs:AssociateKmsKey"),
        OF_LOGS,
        resources.log_group,
        principal="logs.{region}.amazonaws.com",
    ),
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
    Rule(("ssm:PutParameter",), ("kms:Encrypt",), resources.new_parameter, via="ssm"),
    Rule(
        ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"),
        (DECRYPT,),
        resources.parameters,
        via="ssm",
    ),
    Rule(("lambda:InvokeFunction",), (DECRYPT,), resources.environment, principal=Actor.ROLE, via="lambda"),
    Rule(
        ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"),
        ("kms:Encrypt", "kms:CreateGrant"),
        resources.new_environment,
        via="lambda",
    ),
    # https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    Rule(
        (
            "states:DescribeExecution",
            "states:DescribeStateMachine",
            "states:DescribeStateMachineForExecution",
            "states:GetExecutionHistory",
        ),
        (DECRYPT,),
        resources.included_data,
        via="states",
    ),
    Rule(
        ("states:CreateStateMachine", "states:UpdateStateMachine"),
        (GENERATE, DECRYPT),
        resources.new_state_machine,
        via="states",
    ),
    Rule(("states:StartExecution",), (GENERATE, DECRYPT), resources.state_machine, principal=Actor.ROLE, via="states"),
    # On AWS the state machine is created, and its log stays empty.
    Rule(
        ("states:CreateStateMachine", "states:UpdateStateMachine"),
        (DECRYPT,),
        resources.delivered_log,
        principal="delivery.logs.amazonaws.com",
    ),
    Rule(
        ("personalize:CreateDatasetImportJob", "personalize:CreateBatchInferenceJob"),
        OF_PERSONALIZE,
        resources.imported_data,
        principal="personalize.amazonaws.com",
    ),
    Rule(
        ("personalize:CreateDatasetImportJob", "personalize:CreateBatchInferenceJob"),
        (DECRYPT,),
        resources.imported_data,
        principal=Actor.ROLE,
        via="s3",
    ),
    Rule(
        ("personalize:CreateDatasetExportJob", "personalize:CreateBatchInferenceJob"),
        OF_PERSONALIZE,
        resources.exported_data,
        principal="personalize.amazonaws.com",
    ),
    Rule(
        ("personalize:CreateDatasetExportJob", "personalize:CreateBatchInferenceJob"),
        (GENERATE,),
        resources.exported_data,
        principal=Actor.ROLE,
        via="s3",
    ),
    # The workers act as the root user on the laptop, so the roles of these two are checked when they are created; on
    # AWS a delivery or a poll fails later.
    Rule(
        ("firehose:CreateDeliveryStream",),
        (DECRYPT,),
        resources.delivery_source,
        principal=Actor.ROLE,
        via="kinesis",
    ),
    Rule(
        ("firehose:CreateDeliveryStream",),
        (GENERATE, DECRYPT),
        resources.delivery_target,
        principal=Actor.ROLE,
        via="s3",
    ),
    # https://docs.aws.amazon.com/firehose/latest/APIReference/API_DeliveryStreamEncryptionConfigurationInput.html: the
    # grant is for Firehose itself, so that a caller of PutRecord needs no use of the key.
    Rule(
        ("firehose:CreateDeliveryStream", "firehose:StartDeliveryStreamEncryption"),
        ("kms:CreateGrant",),
        resources.new_delivery_stream,
        via="firehose",
    ),
    Rule(
        ("lambda:CreateEventSourceMapping",), (DECRYPT,), resources.mapped_stream, principal=Actor.ROLE, via="kinesis"
    ),
    Rule(("athena:StartQueryExecution",), (GENERATE, DECRYPT), resources.query_results, via="s3"),
)

BY_ACTION: dict[str, list[Rule]] = defaultdict(list)
for _rule in RULES:
    for _action in _rule.actions:
        BY_ACTION[_action].append(_rule)
