"""A cloud with a resource of each kind that a key encrypts, and principals whose use of the key a test permits."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.fakes.emulator.cloud import Cloud, start_cloud
from tests.fakes.emulator.process import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
DELEGATION = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
CALLER, WORKER = "caller", "worker"
ANY_TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:*"}]}
EVERYTHING_BUT_KEYS = {"Statement": [{"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}]}
STATES = f"arn:aws:states:{REGION}:{ACCOUNT}"
DEFINITION = json.dumps({"QueryLanguage": "JSONata", "StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


@dataclass
class Sealed:
    """A cloud with one resource of each kind that the key encrypts, and a caller who may do all but use keys."""

    cloud: Cloud
    key: str
    access_key: tuple[str, str]
    names: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return self.cloud.client(service, *self.access_key)

    def permit(self, principal: str, statement: dict[str, Any] | None) -> None:
        """Give a principal this one permission on keys, or none."""
        iam, kms = self.cloud.client("iam"), self.cloud.client("kms")
        owner = {CALLER: ("user", "UserName"), WORKER: ("role", "RoleName")}.get(principal)
        if owner is None:
            service = [] if statement is None else [{**statement, "Principal": {"Service": principal}}]
            policy = json.dumps({"Version": "2012-10-17", "Statement": [DELEGATION, *service]})
            kms.put_key_policy(KeyId=self.key, PolicyName="default", Policy=policy)
            return
        kind, member = owner
        subject = {member: principal, "PolicyName": "keys"}
        if statement is None:
            getattr(iam, f"delete_{kind}_policy")(**subject)
        else:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            getattr(iam, f"put_{kind}_policy")(**subject, PolicyDocument=policy)

    @contextmanager
    def permitted(self, principal: str, *actions: str) -> Iterator[None]:
        """Permit these actions for a while."""
        self.permit(principal, {"Effect": "Allow", "Action": actions, "Resource": "*"})
        try:
            yield
        finally:
            self.permit(principal, None)


@contextmanager
def running_sealed(folder: Path) -> Iterator[Sealed]:
    """Run such a cloud in a folder."""
    cloud = start_cloud(folder, iam_enforced=True)
    iam, kms = cloud.client("iam"), cloud.client("kms")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [DELEGATION]})
    key = kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]
    iam.create_user(UserName=CALLER)
    iam.put_user_policy(UserName=CALLER, PolicyName="own", PolicyDocument=json.dumps(EVERYTHING_BUT_KEYS))
    iam.create_role(RoleName=WORKER, AssumeRolePolicyDocument=json.dumps(ANY_TRUST))
    iam.put_role_policy(RoleName=WORKER, PolicyName="own", PolicyDocument=json.dumps(EVERYTHING_BUT_KEYS))
    made = iam.create_access_key(UserName=CALLER)["AccessKey"]
    world = Sealed(cloud, key, (made["AccessKeyId"], made["SecretAccessKey"]))
    with world.permitted(CALLER, "kms:*"), world.permitted(WORKER, "kms:*"):
        make_resources(world)
    try:
        yield world
    finally:
        cloud.close()


def make_resources(world: Sealed) -> None:
    client, key = world.cloud.client, world.key
    client("s3").create_bucket(Bucket="sealed", CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    encryption = {"Rules": [{**rule, "BucketKeyEnabled": True}]}
    client("s3").put_bucket_encryption(Bucket="sealed", ServerSideEncryptionConfiguration=encryption)
    client("s3").put_object(Bucket="sealed", Key="stored", Body=b"a")
    client("kinesis").create_stream(StreamName="sealed", ShardCount=1)
    client("kinesis").start_stream_encryption(StreamName="sealed", EncryptionType="KMS", KeyId=key)
    client("kinesis").create_stream(StreamName="open", ShardCount=1)
    client("ssm").put_parameter(Name="/sealed/a", Value="a", Type="SecureString", KeyId=key)
    client("dynamodb").create_table(**table("sealed", key))
    world.names["queue"] = client("sqs").create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})[
        "QueueUrl"
    ]
    topic = client("sns").create_topic(Name="sealed", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    world.names["topic"] = topic
    admits_sns = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox",
    }
    inbox = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [admits_sns]})}
    world.names["inbox"] = client("sqs").create_queue(QueueName="inbox", Attributes=inbox)["QueueUrl"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox")
    client("lambda").create_function(**function("sealed", key))
    failing = function("failing", key, "raise ValueError") | {"Environment": {}}
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:sealed"
    client("lambda").create_function(**failing, DeadLetterConfig={"TargetArn": queue})
    client("lambda").put_function_event_invoke_config(FunctionName="failing", MaximumRetryAttempts=0)
    machine = client("stepfunctions").create_state_machine(**state_machine("sealed", key))["stateMachineArn"]
    world.names["machine"] = machine
    world.names["execution"] = client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    client("cloudwatch").put_metric_alarm(
        AlarmName="sealed",
        AlarmActions=[topic],
        Namespace="n",
        MetricName="m",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )


def table(name: str, key: str) -> dict[str, Any]:
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    }


def function(name: str, key: str, statement: str = "return 1") -> dict[str, Any]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("handler.py", f"def handler(event, context):\n    {statement}\n")
    return {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Role": ROLE,
        "Handler": "handler.handler",
        "Code": {"ZipFile": archive.getvalue()},
        "Environment": {"Variables": {"A": "b"}},
        "KMSKeyArn": key,
    }


def state_machine(name: str, key: str, level: str = "OFF") -> dict[str, Any]:
    return {
        "name": name,
        "roleArn": ROLE,
        "definition": DEFINITION,
        "encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": key},
        "loggingConfiguration": {"level": level},
    }


def fresh() -> str:
    return f"n-{uuid.uuid4().hex[:8]}"


def get_records(world: Sealed) -> None:
    kinesis = world.client("kinesis")
    shard = kinesis.list_shards(StreamName="sealed")["Shards"][0]["ShardId"]
    start = kinesis.get_shard_iterator(StreamName="sealed", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    kinesis.get_records(ShardIterator=start["ShardIterator"])


def import_job(world: Sealed) -> None:
    world.cloud.client("personalize").create_dataset_import_job(
        jobName=fresh(),
        datasetArn=f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset/g/INTERACTIONS",
        dataSource={"dataLocation": "s3://sealed/data/"},
        roleArn=ROLE,
    )


def export_job(world: Sealed) -> None:
    world.cloud.client("personalize").create_dataset_export_job(
        jobName=fresh(),
        datasetArn=f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset/g/INTERACTIONS",
        jobOutput={"s3DataDestination": {"path": "s3://sealed/export/"}},
        roleArn=ROLE,
    )


def delivery_stream(world: Sealed, bucket: str, stream: str) -> None:
    world.client("firehose").create_delivery_stream(
        DeliveryStreamName=fresh(),
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}",
            "RoleARN": ROLE,
        },
        ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"},
    )


def notify(world: Sealed) -> None:
    """Raise the alarm; an alarm that may not use the topic's key sends no notification."""
    cloudwatch, sqs = world.cloud.client("cloudwatch"), world.cloud.client("sqs")
    sqs.purge_queue(QueueUrl=world.names["inbox"])
    for state in ("OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName="sealed", StateValue=state, StateReason="test")
    if "Messages" not in sqs.receive_message(QueueUrl=world.names["inbox"]):
        raise ClientError({"Error": {"Code": "NotNotified", "Message": ""}}, "SetAlarmState")
