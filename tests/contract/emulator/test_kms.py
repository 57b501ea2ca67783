"""A call that uses a key needs the permission of the key's policy and, where that delegates, of an IAM policy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.fakes.emulator.cloud import run_machine
from tests.fakes.emulator.lake import Athena
from tests.fakes.emulator.process import REGION
from tests.fakes.emulator.sealed import (
    ACCOUNT,
    CALLER,
    DELEGATION,
    ROLE,
    STATES,
    WORKER,
    Sealed,
    delivery_stream,
    export_job,
    fresh,
    function,
    get_records,
    import_job,
    notify,
    running_sealed,
    state_machine,
    table,
)
from tests.fakes.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELIVERY_OF_LOGS = "delivery.logs.amazonaws.com"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    with running_sealed(tmp_path_factory.mktemp("sealed")) as world:
        yield world


# The error of each service when the key refuses.
CODES = {
    "s3": "AccessDenied",
    "kinesis": "KMSAccessDeniedException",
    "dynamodb": "AccessDeniedException",
    "sqs": "KMS.AccessDeniedException",
    "sns": "KMSAccessDenied",
    "cloudwatch": "NotNotified",
    "logs": "InvalidParameterException",
    "lambda": "KMSAccessDeniedException",
    "states": "KmsAccessDeniedException",
    "personalize": "InvalidInputException",
    "firehose": "InvalidKMSResourceException",
    "athena": "InvalidRequestException",
    "ssm": "AccessDeniedException",
}


@dataclass(frozen=True)
class Case:
    """One row of the emulator's table: a call, and the permission without which it fails."""

    name: str
    # A function, or the request of the operation that the name states, with placeholders for names.
    call: Callable[[Sealed], Any] | dict[str, Any]
    uses: tuple[str, ...]
    context: tuple[str, str] | None = None
    principal: str = CALLER
    # Other principals that need a permission for the same call, which the test is not about.
    others: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        return self.name.partition(":")[0]

    def run(self, world: Sealed) -> None:
        if callable(self.call):
            self.call(world)
            return
        names = {**world.names, "key": world.key}
        request = {
            member: value.format(**names) if isinstance(value, str) else value for member, value in self.call.items()
        }
        client = world.client({"states": "stepfunctions"}.get(self.service, self.service))
        getattr(client, xform_name(self.name.partition(":")[2]))(**request)

    @property
    def statement(self) -> dict[str, Any]:
        conditions = dict([(f"kms:EncryptionContext:{self.context[0]}", self.context[1])] if self.context else [])
        if self.principal in {CALLER, WORKER}:
            # The encryption context begins with the service that uses the key, but for Parameter Store.
            via = self.context[0].split(":")[1] if self.context and ":" in self.context[0] else self.service
            conditions["kms:ViaService"] = f"{via}.{REGION}.amazonaws.com"
        else:
            conditions["aws:SourceAccount"] = ACCOUNT
        return {"Effect": "Allow", "Action": self.uses, "Resource": "*", "Condition": {"StringEquals": conditions}}


RECORD, ITEM = {"Data": b"a", "PartitionKey": "a"}, {"k": {"S": "a"}}
DECRYPT, GENERATE = "kms:Decrypt", "kms:GenerateDataKey"
BUCKET = ("aws:s3:arn", "arn:aws:s3:::sealed")
STREAM = ("aws:kinesis:arn", f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/sealed")
FUNCTION = ("aws:lambda:FunctionArn", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:sealed")
TABLE = ("aws:dynamodb:tableName", "sealed")
QUEUE = ("aws:sqs:arn", f"arn:aws:sqs:{REGION}:{ACCOUNT}:sealed")
TOPIC = ("aws:sns:topicArn", f"arn:aws:sns:{REGION}:{ACCOUNT}:sealed")
MACHINE = ("aws:states:stateMachineArn", f"{STATES}:stateMachine:sealed")
PARAMETER = ("PARAMETER_ARN", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/sealed/a")
LOGGED = ("SourceArn", f"arn:aws:logs:{REGION}:{ACCOUNT}:*")
PERSONALIZE = "personalize.amazonaws.com"
OF_PERSONALIZE = (DECRYPT, GENERATE, "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants")
CASES = (
    Case("s3:PutObject", {"Bucket": "sealed", "Key": "new", "Body": b"a"}, (GENERATE,), BUCKET),
    Case("s3:CreateMultipartUpload", {"Bucket": "sealed", "Key": "parts"}, (GENERATE, DECRYPT), BUCKET),
    Case("s3:GetObject", {"Bucket": "sealed", "Key": "stored"}, (DECRYPT,), BUCKET),
    Case("kinesis:PutRecords", {"StreamName": "sealed", "Records": [RECORD]}, (GENERATE,), STREAM),
    Case("kinesis:GetRecords", get_records, (DECRYPT,), STREAM),
    Case(
        "kinesis:StartStreamEncryption",
        {"StreamName": "open", "EncryptionType": "KMS", "KeyId": "{key}"},
        (GENERATE,),
        (STREAM[0], STREAM[1].replace("sealed", "open")),
    ),
    Case("dynamodb:PutItem", {"TableName": "sealed", "Item": ITEM}, (DECRYPT,), TABLE),
    Case("dynamodb:BatchGetItem", {"RequestItems": {"sealed": {"Keys": [ITEM]}}}, (DECRYPT,), TABLE),
    Case(
        "dynamodb:CreateTable",
        lambda world: world.client("dynamodb").create_table(**table(fresh(), world.key)),
        ("kms:DescribeKey", "kms:CreateGrant"),
        ("aws:dynamodb:subscriberId", ACCOUNT),
    ),
    Case("sqs:SendMessage", {"QueueUrl": "{queue}", "MessageBody": "a"}, (GENERATE, DECRYPT), QUEUE),
    Case("sqs:ReceiveMessage", {"QueueUrl": "{queue}"}, (DECRYPT,), QUEUE),
    Case("sns:Publish", {"TopicArn": "{topic}", "Message": "a"}, (GENERATE, DECRYPT), TOPIC),
    Case("cloudwatch:SetAlarmState", notify, (GENERATE, DECRYPT), TOPIC, principal="cloudwatch.amazonaws.com"),
    Case(
        "ssm:PutParameter",
        {"Name": "/sealed/a", "Value": "a", "Type": "SecureString", "KeyId": "{key}", "Overwrite": True},
        ("kms:Encrypt",),
        PARAMETER,
    ),
    Case("ssm:GetParameter", {"Name": "/sealed/a", "WithDecryption": True}, (DECRYPT,), PARAMETER),
    Case("ssm:GetParameters", {"Names": ["/sealed/a"], "WithDecryption": True}, (DECRYPT,), PARAMETER),
    Case("ssm:GetParametersByPath", {"Path": "/sealed", "WithDecryption": True}, (DECRYPT,), PARAMETER),
    Case(
        "logs:CreateLogGroup",
        lambda world: world.client("logs").create_log_group(logGroupName=fresh(), kmsKeyId=world.key),
        ("kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"),
        principal=f"logs.{REGION}.amazonaws.com",
    ),
    Case("lambda:Invoke", {"FunctionName": "sealed", "Payload": b"{}"}, (DECRYPT,), FUNCTION, principal=WORKER),
    Case(
        "lambda:CreateFunction",
        lambda world: world.client("lambda").create_function(**function(fresh(), world.key)),
        ("kms:Encrypt", "kms:CreateGrant"),
    ),
    Case("states:DescribeExecution", {"executionArn": "{execution}"}, (DECRYPT,), MACHINE),
    Case("states:GetExecutionHistory", {"executionArn": "{execution}"}, (DECRYPT,), MACHINE),
    Case("states:DescribeStateMachine", {"stateMachineArn": "{machine}"}, (DECRYPT,), MACHINE),
    Case(
        "states:CreateStateMachine",
        lambda world: world.client("stepfunctions").create_state_machine(**state_machine(fresh(), world.key)),
        (GENERATE, DECRYPT),
    ),
    Case("states:StartExecution", {"stateMachineArn": "{machine}"}, (GENERATE, DECRYPT), MACHINE, principal=WORKER),
    Case(
        "states:CreateStateMachine, its log",
        lambda world: world.cloud.client("stepfunctions").create_state_machine(
            **state_machine(fresh(), world.key, "ALL")
        ),
        (DECRYPT,),
        LOGGED,
        principal=DELIVERY_OF_LOGS,
    ),
    *(
        case
        for name, call, use in (
            ("personalize:CreateDatasetImportJob", import_job, DECRYPT),
            ("personalize:CreateDatasetExportJob", export_job, GENERATE),
        )
        for case in (
            Case(f"{name}, the service", call, OF_PERSONALIZE, BUCKET, principal=PERSONALIZE, others=(WORKER,)),
            Case(f"{name}, its role", call, (use,), BUCKET, principal=WORKER, others=(PERSONALIZE,)),
        )
    ),
    Case(
        "firehose:CreateDeliveryStream, its source",
        lambda world: delivery_stream(world, "unsealed", "sealed"),
        (DECRYPT,),
        STREAM,
        principal=WORKER,
    ),
    Case(
        "firehose:CreateDeliveryStream, its target",
        lambda world: delivery_stream(world, "sealed", "unsealed"),
        (GENERATE, DECRYPT),
        BUCKET,
        principal=WORKER,
    ),
    Case(
        "firehose:CreateDeliveryStream, its direct puts",
        lambda world: world.client("firehose").create_delivery_stream(
            DeliveryStreamName=fresh(),
            DeliveryStreamEncryptionConfigurationInput={"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": world.key},
            ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::unsealed"},
        ),
        ("kms:CreateGrant",),
    ),
    Case(
        "athena:StartQueryExecution",
        lambda world: world.client("athena").start_query_execution(
            QueryString="SELECT 1",
            ResultConfiguration={
                "OutputLocation": "s3://sealed/results/",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": world.key},
            },
        ),
        (GENERATE, DECRYPT),
        BUCKET,
    ),
    Case(
        "lambda:CreateEventSourceMapping",
        {"EventSourceArn": STREAM[1], "FunctionName": "sealed", "StartingPosition": "LATEST"},
        (DECRYPT,),
        STREAM,
        principal=WORKER,
    ),
)


def refusal(world: Sealed, call: Callable[[Sealed], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(world)
    return dict(caught.value.response["Error"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_call_needs_the_use_of_the_key(sealed: Sealed, case: Case) -> None:
    everything = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    for other in case.others:
        sealed.permit(other, everything)
    try:
        assert refusal(sealed, case.run)["Code"] == CODES[case.service]
        for value in case.statement["Condition"]["StringEquals"]:
            elsewhere = {**case.statement["Condition"]["StringEquals"], value: "another"}
            sealed.permit(case.principal, {**case.statement, "Condition": {"StringEquals": elsewhere}})
            assert refusal(sealed, case.run)["Code"] == CODES[case.service], value
        for use in case.uses[1:]:
            sealed.permit(case.principal, {**case.statement, "Action": [each for each in case.uses if each != use]})
            assert refusal(sealed, case.run)["Code"] == CODES[case.service], use

        sealed.permit(case.principal, case.statement)
        case.run(sealed)
    finally:
        for principal in (case.principal, *case.others):
            sealed.permit(principal, None)


PROBLEMS = (
    ("s3", "KMS.DisabledException", "KMS.KMSInvalidStateException"),
    ("kinesis", "KMSDisabledException", "KMSInvalidStateException"),
    ("states", "KmsInvalidStateException", "KmsInvalidStateException"),
    ("sqs", "KMS.DisabledException", "KMS.InvalidStateException"),
)
CALLS = {
    "s3": lambda world: world.cloud.client("s3").get_object(Bucket="sealed", Key="stored"),
    "kinesis": lambda world: world.cloud.client("kinesis").put_record(StreamName="sealed", Data=b"a", PartitionKey="a"),
    "states": lambda world: world.cloud.client("stepfunctions").describe_execution(
        executionArn=world.names["execution"]
    ),
    "sqs": lambda world: world.cloud.client("sqs").receive_message(QueueUrl=world.names["queue"]),
}


@pytest.mark.parametrize(("service", "disabled", "deleted"), PROBLEMS)
def test_a_disabled_key_and_one_to_be_deleted_have_errors_of_their_own(
    sealed: Sealed, service: str, disabled: str, deleted: str
) -> None:
    kms, call = sealed.cloud.client("kms"), CALLS[service]
    kms.disable_key(KeyId=sealed.key)
    try:
        assert refusal(sealed, call)["Code"] == disabled
        kms.schedule_key_deletion(KeyId=sealed.key, PendingWindowInDays=7)
        assert refusal(sealed, call)["Code"] == deleted
    finally:
        kms.cancel_key_deletion(KeyId=sealed.key)
        kms.enable_key(KeyId=sealed.key)
    call(sealed)


def test_an_unknown_key_is_not_found(sealed: Sealed) -> None:
    unknown = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"

    def put(world: Sealed) -> None:
        world.cloud.client("s3").put_object(
            Bucket="sealed", Key="a", Body=b"a", ServerSideEncryption="aws:kms", SSEKMSKeyId=unknown
        )

    assert refusal(sealed, put)["Code"] == "KMS.NotFoundException"


def test_the_message_names_the_policy_that_refuses(sealed: Sealed) -> None:
    def put(world: Sealed) -> None:
        world.client("s3").put_object(Bucket="sealed", Key="a", Body=b"a")

    user = f"arn:aws:iam::{ACCOUNT}:user/{CALLER}"
    start = f"User: {user} is not authorized to perform: {GENERATE} on resource: {sealed.key}"
    assert refusal(sealed, put)["Message"] == f"{start} because no identity-based policy allows the {GENERATE} action"

    # A key policy that does not delegate refuses whatever an IAM policy allows.
    kms = sealed.cloud.client("kms")
    sealed.permit(CALLER, {"Effect": "Allow", "Action": GENERATE, "Resource": "*"})
    closed = {**DELEGATION, "Principal": {"AWS": ROLE}}
    kms.put_key_policy(KeyId=sealed.key, PolicyName="default", Policy=json.dumps({"Statement": [closed]}))
    try:
        message = refusal(sealed, put)["Message"]
    finally:
        kms.put_key_policy(KeyId=sealed.key, PolicyName="default", Policy=json.dumps({"Statement": [DELEGATION]}))
        sealed.permit(CALLER, None)
    assert message == f"{start} because no resource-based policy allows the {GENERATE} action"


def test_a_grant_needs_no_policy(sealed: Sealed) -> None:
    kms = sealed.cloud.client("kms")
    grant = kms.create_grant(
        KeyId=sealed.key,
        GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/{CALLER}",
        Operations=["Decrypt"],
        Constraints={"EncryptionContextSubset": {BUCKET[0]: BUCKET[1]}},
    )["GrantId"]

    sealed.client("s3").get_object(Bucket="sealed", Key="stored")
    assert refusal(sealed, lambda world: world.client("s3").put_object(Bucket="sealed", Key="b", Body=b"a"))
    kms.revoke_grant(KeyId=sealed.key, GrantId=grant)
    assert refusal(sealed, lambda world: world.client("s3").get_object(Bucket="sealed", Key="stored"))


def test_metadata_of_an_execution_needs_no_key(sealed: Sealed) -> None:
    described = sealed.client("stepfunctions").describe_execution(
        executionArn=sealed.names["execution"], includedData="METADATA_ONLY"
    )

    assert described["executionArn"] == sealed.names["execution"]


def test_an_event_reaches_an_encrypted_dead_letter_queue_with_its_roles_permission_only(sealed: Sealed) -> None:
    functions, sqs = sealed.cloud.client("lambda"), sealed.cloud.client("sqs")
    sqs.purge_queue(QueueUrl=sealed.names["queue"])

    functions.invoke(FunctionName="failing", InvocationType="Event", Payload=b'"lost"')
    wait_until(lambda: "is not sent the result" in sealed.cloud.log.read_text(), seconds=15)
    with sealed.permitted(WORKER, GENERATE, DECRYPT):
        functions.invoke(FunctionName="failing", InvocationType="Event", Payload=b'"sent"')
        messages = wait_until(lambda: sqs.receive_message(QueueUrl=sealed.names["queue"]).get("Messages"), seconds=15)

    assert [message["Body"] for message in messages] == ['"sent"']


def test_a_spark_job_reads_objects_with_its_roles_permission(sealed: Sealed) -> None:
    glue = sealed.cloud.client("glue")
    command = {"Name": "glueetl", "ScriptLocation": "s3://sealed/stored"}
    glue.create_job(Name="job", Role=ROLE, Command=command, GlueVersion="5.1")

    def message() -> str:
        run = glue.start_job_run(JobName="job")["JobRunId"]

        def ended() -> Any:
            described = glue.get_job_run(JobName="job", RunId=run)["JobRun"]
            return described if described["JobRunState"] == "FAILED" else None

        return str(wait_until(ended, seconds=30)["ErrorMessage"])

    assert "not authorized to perform: kms:Decrypt" in message()
    with sealed.permitted(WORKER, DECRYPT):
        # The object is no working script.
        assert "kms:Decrypt" not in message()


def test_a_query_reads_objects_with_its_callers_permission(sealed: Sealed) -> None:
    glue, athena = sealed.cloud.client("glue"), Athena(sealed, "primary")
    sealed.cloud.client("s3").put_object(Bucket="sealed", Key="lines/a", Body=b'{"a": 1}')
    sealed.cloud.client("s3").create_bucket(Bucket="results", CreateBucketConfiguration={"LocationConstraint": REGION})
    glue.create_database(DatabaseInput={"Name": "d"})
    storage = {
        "Location": "s3://sealed/lines/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "Columns": [{"Name": "a", "Type": "int"}],
        "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
    }
    glue.create_table(DatabaseName="d", TableInput={"Name": "t", "StorageDescriptor": storage})
    request = {
        "QueryExecutionContext": {"Database": "d"},
        "ResultConfiguration": {"OutputLocation": "s3://results/"},
    }

    refused = athena.run("SELECT a FROM t", **request)["Status"]
    assert refused["State"] == "FAILED"
    assert "not authorized to perform: kms:Decrypt" in refused["StateChangeReason"]
    with sealed.permitted(CALLER, DECRYPT):
        assert athena.run("SELECT a FROM t", **request)["Status"]["State"] == "SUCCEEDED"


def test_a_state_machine_writes_objects_with_its_roles_permission(sealed: Sealed) -> None:
    states = sealed.cloud.client("stepfunctions")
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
        "Arguments": {"Bucket": "sealed", "Key": "a", "Body": "a"},
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Put", "States": {"Put": put}}
    machine = states.create_state_machine(name="put", roleArn=ROLE, definition=json.dumps(definition))[
        "stateMachineArn"
    ]

    refused = run_machine(states, machine)
    assert (refused["status"], refused["error"]) == ("FAILED", "S3.AccessDeniedException")
    assert "not authorized to perform: kms:GenerateDataKey" in refused["cause"]
    with sealed.permitted(WORKER, GENERATE):
        assert run_machine(states, machine)["status"] == "SUCCEEDED"
