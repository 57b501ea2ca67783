"""What was acknowledged is there after the emulator was killed."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from deployment.emulator.settings import ACCOUNT
from tests.contract.conftest import REGION
from tests.contract.emulator.functions import ROLE, invoke, make_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.conftest import Emulator

RETURN = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


def restart(emulator: Emulator) -> None:
    emulator.kill()
    emulator.start()


def read_stream(kinesis: Any, stream: str) -> list[bytes]:
    data = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        start = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        data += [record["Data"] for record in kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]]
    return data


def make_table(dynamodb: Any, name: str = "table") -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "person", "KeyType": "HASH"}, {"AttributeName": "moment", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "person", "AttributeType": "S"},
            {"AttributeName": "moment", "AttributeType": "N"},
            {"AttributeName": "item", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-item",
                "KeySchema": [{"AttributeName": "item", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


class TestKinesis:
    def test_records_numbers_and_iterators(self, emulator: Emulator) -> None:
        kinesis = emulator.client("kinesis")
        kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"}, Tags={"a": "b"})
        records = [{"Data": f"{at}".encode(), "PartitionKey": f"{at}"} for at in range(200)]
        put = kinesis.put_records(StreamName="s", Records=records)
        shard = put["Records"][-1]["ShardId"]
        latest = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]

        restart(emulator)
        after = kinesis.put_record(StreamName="s", Data=b"after", PartitionKey="199")

        assert sorted(read_stream(kinesis, "s")) == sorted([*(f"{at}".encode() for at in range(200)), b"after"])
        assert int(after["SequenceNumber"]) > max(int(each["SequenceNumber"]) for each in put["Records"])
        assert [record["Data"] for record in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"after"]
        assert kinesis.list_tags_for_stream(StreamName="s")["Tags"] == [{"Key": "a", "Value": "b"}]

    def test_reshards(self, emulator: Emulator) -> None:
        kinesis = emulator.client("kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        kinesis.put_record(StreamName="s", Data=b"before", PartitionKey="p")
        kinesis.update_shard_count(StreamName="s", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
        kinesis.put_record(StreamName="s", Data=b"after", PartitionKey="p")
        shards = kinesis.list_shards(StreamName="s")["Shards"]

        restart(emulator)

        assert kinesis.list_shards(StreamName="s")["Shards"] == shards
        assert read_stream(kinesis, "s") == [b"before", b"after"]

    def test_torn_tail_is_cut(self, emulator: Emulator) -> None:
        kinesis = emulator.client("kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        kinesis.put_record(StreamName="s", Data=b"whole", PartitionKey="p")
        emulator.kill()
        (segment,) = emulator.directory.glob("kinesis/*/*/*.segment")
        with segment.open("ab") as file:
            file.write(segment.read_bytes()[:-3])

        emulator.start()
        kinesis.put_record(StreamName="s", Data=b"next", PartitionKey="p")
        restart(emulator)

        assert read_stream(kinesis, "s") == [b"whole", b"next"]

    def test_every_acknowledged_record_of_a_kill_in_full_flow(self, emulator: Emulator) -> None:
        kinesis = emulator.client("kinesis")
        kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
        acknowledged: list[bytes] = []

        def pour() -> None:
            at = 0
            while True:
                data = [f"{at}-{place}".encode() for place in range(20)]
                records = [{"Data": each, "PartitionKey": each.decode()} for each in data]
                try:
                    kinesis.put_records(StreamName="s", Records=records)
                except (BotoCoreError, ClientError):
                    return
                acknowledged.extend(data)
                at += 1

        pouring = threading.Thread(target=pour)
        pouring.start()
        time.sleep(0.3)
        restart(emulator)
        pouring.join()

        assert acknowledged
        assert set(acknowledged) <= set(read_stream(kinesis, "s"))


class TestDynamoDB:
    def test_items_put_changed_and_removed(self, emulator: Emulator) -> None:
        dynamodb = emulator.client("dynamodb")
        make_table(dynamodb)
        dynamodb.update_time_to_live(
            TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
        )
        for moment in "123":
            item = {"person": {"S": "p"}, "moment": {"N": moment}, "item": {"S": "i"}, "bytes": {"B": b"\x00\xff"}}
            dynamodb.put_item(TableName="table", Item=item)
        dynamodb.delete_item(TableName="table", Key={"person": {"S": "p"}, "moment": {"N": "1"}})
        dynamodb.update_item(
            TableName="table",
            Key={"person": {"S": "p"}, "moment": {"N": "2"}},
            UpdateExpression="ADD seen :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": "table", "Item": {"person": {"S": "q"}, "moment": {"N": "9"}}}}]
        )
        written = dynamodb.scan(TableName="table")["Items"]

        restart(emulator)

        assert dynamodb.scan(TableName="table")["Items"] == written
        assert len(written) == 3
        by_item = dynamodb.query(
            TableName="table",
            IndexName="by-item",
            KeyConditionExpression="#i = :i",
            ExpressionAttributeNames={"#i": "item"},
            ExpressionAttributeValues={":i": {"S": "i"}},
        )
        assert by_item["Count"] == 2
        ttl = dynamodb.describe_time_to_live(TableName="table")["TimeToLiveDescription"]
        assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}

    def test_table_made_anew_is_empty(self, emulator: Emulator) -> None:
        dynamodb = emulator.client("dynamodb")
        make_table(dynamodb)
        dynamodb.put_item(TableName="table", Item={"person": {"S": "p"}, "moment": {"N": "1"}})
        dynamodb.delete_table(TableName="table")
        make_table(dynamodb)

        restart(emulator)

        assert dynamodb.scan(TableName="table")["Items"] == []


class TestBuckets:
    def test_objects_with_their_metadata_and_versions(self, emulator: Emulator) -> None:
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(
            Bucket="bucket", Key="a/é b", Body=b"old", Metadata={"made": "by"}, ContentType="text/x", Tagging="t=1"
        )
        s3.put_object(Bucket="bucket", Key="a/é b", Body=b"new", ContentEncoding="gzip")
        s3.put_object(Bucket="bucket", Key="gone", Body=b"x")
        s3.delete_object(Bucket="bucket", Key="gone")
        versions = s3.list_object_versions(Bucket="bucket")

        restart(emulator)

        after = s3.list_object_versions(Bucket="bucket")
        assert after["Versions"] == versions["Versions"]
        assert after["DeleteMarkers"] == versions["DeleteMarkers"]
        current = s3.get_object(Bucket="bucket", Key="a/é b")
        assert (current["Body"].read(), current["ContentEncoding"]) == (b"new", "gzip")
        old = next(each for each in after["Versions"] if each["Size"] == 3 and not each["IsLatest"])
        earlier = s3.get_object(Bucket="bucket", Key="a/é b", VersionId=old["VersionId"])
        assert (earlier["Body"].read(), earlier["Metadata"], earlier["ContentType"]) == (
            b"old",
            {"made": "by"},
            "text/x",
        )

    def test_settings(self, emulator: Emulator) -> None:
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
        rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "raw/"}, "Expiration": {"Days": 30}}
        s3.put_bucket_lifecycle_configuration(Bucket="bucket", LifecycleConfiguration={"Rules": [rule]})
        s3.put_public_access_block(Bucket="bucket", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
        s3.put_bucket_policy(Bucket="bucket", Policy='{"Version": "2012-10-17", "Statement": []}')
        s3.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        calls: list[Callable[..., Any]] = [
            s3.get_bucket_lifecycle_configuration,
            s3.get_public_access_block,
            s3.get_bucket_policy,
            s3.get_bucket_tagging,
            s3.get_bucket_location,
        ]
        before = [without_metadata(call(Bucket="bucket")) for call in calls]

        restart(emulator)

        assert [without_metadata(call(Bucket="bucket")) for call in calls] == before


class TestDiskThatDoesNotTakeIt:
    """What cannot be written down is refused with a 500, which every SDK tries again."""

    def refused(self, call: Callable[..., Any], **arguments: Any) -> None:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500

    def test_object(self, emulator: Emulator) -> None:
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
        (emulator.directory / "s3" / ACCOUNT / "bucket").rmdir()
        (emulator.directory / "s3" / ACCOUNT / "bucket").write_text("in the way")

        self.refused(s3.put_object, Bucket="bucket", Key="key", Body=b"lost")

    def test_setting(self, emulator: Emulator) -> None:
        (emulator.directory / "state" / "ssm.json.new").mkdir()

        self.refused(emulator.client("ssm").put_parameter, Name="/a", Value="v", Type="String")

    def test_record(self, emulator: Emulator) -> None:
        kinesis = emulator.client("kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        (emulator.directory / "kinesis").write_text("in the way")

        self.refused(kinesis.put_record, StreamName="s", Data=b"x", PartitionKey="p")
        (emulator.directory / "kinesis").unlink()

        assert read_stream(kinesis, "s") == []


class TestControlPlanes:
    def test_function_with_its_mapping_runs_again(self, emulator: Emulator) -> None:
        kinesis = emulator.client("kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
        name = make_function(emulator, "def handler(event, context): return event")
        client = emulator.client("lambda")
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
        client.create_event_source_mapping(
            EventSourceArn=arn,
            FunctionName=name,
            StartingPosition="TRIM_HORIZON",
            BatchSize=50,
            MaximumBatchingWindowInSeconds=1,
            BisectBatchOnFunctionError=True,
            MaximumRetryAttempts=4,
            MaximumRecordAgeInSeconds=600,
            ParallelizationFactor=2,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:000000000000:dead"}},
        )
        (mapping,) = client.list_event_source_mappings()["EventSourceMappings"]

        restart(emulator)

        assert client.list_event_source_mappings()["EventSourceMappings"] == [mapping]
        assert mapping["MaximumRetryAttempts"] == 4
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3
        assert invoke(emulator, name, {"a": 1}).payload == {"a": 1}

    def test_queue_with_its_messages(self, emulator: Emulator) -> None:
        sqs = emulator.client("sqs")
        queue = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="kept")
        sqs.send_message(QueueUrl=queue, MessageBody="deleted")
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)["Messages"]:
            if message["Body"] == "deleted":
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

        restart(emulator)

        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        assert [message["Body"] for message in messages] == ["kept"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
        assert attributes == {"VisibilityTimeout": "7"}

    def test_rest_api_with_its_key(self, emulator: Emulator) -> None:
        gateway = emulator.client("apigateway")
        api = gateway.create_rest_api(name="api")["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        gateway.put_method(
            restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE", apiKeyRequired=True
        )
        gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
        gateway.create_deployment(restApiId=api, stageName="v1")
        key = gateway.create_api_key(name="key", enabled=True, value="a-key-of-twenty-letters")["id"]
        plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api, "stage": "v1"}])["id"]
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")

        restart(emulator)

        assert gateway.get_method(restApiId=api, resourceId=root, httpMethod="GET")["apiKeyRequired"] is True
        assert gateway.get_stage(restApiId=api, stageName="v1")["stageName"] == "v1"
        assert gateway.get_api_key(apiKey=key, includeValue=True)["value"] == "a-key-of-twenty-letters"
        assert gateway.get_usage_plan_key(usagePlanId=plan, keyId=key)["id"] == key

    def test_of_every_other_service(self, emulator: Emulator) -> None:
        for service, make, arguments, *_ in MADE:
            getattr(emulator.client(service), make)(**arguments)
        before = [describe(emulator, *described) for described in MADE]

        restart(emulator)

        assert [describe(emulator, *described) for described in MADE] == before


ALARM = {
    "AlarmName": "a",
    "Namespace": "n",
    "MetricName": "m",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
}
MACHINE = {"name": "m", "definition": json.dumps(RETURN), "roleArn": ROLE}
ROLE_WITH_TAGS = {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags": [{"Key": "a", "Value": "b"}]}
MADE: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("ssm", "put_parameter", {"Name": "/a", "Value": "v", "Type": "String"}, "get_parameter", {"Name": "/a"}),
    ("iam", "create_role", ROLE_WITH_TAGS, "get_role", {"RoleName": "r"}),
    ("glue", "create_database", {"DatabaseInput": {"Name": "d"}}, "get_database", {"Name": "d"}),
    ("stepfunctions", "create_state_machine", MACHINE, "list_state_machines", {}),
    ("logs", "create_log_group", {"logGroupName": "g"}, "describe_log_groups", {}),
    ("cloudwatch", "put_metric_alarm", ALARM, "describe_alarms", {"AlarmNames": ["a"]}),
    ("sns", "create_topic", {"Name": "t"}, "list_topics", {}),
    ("kms", "create_key", {"Description": "k"}, "list_keys", {}),
    ("athena", "create_work_group", {"Name": "w"}, "get_work_group", {"WorkGroup": "w"}),
    ("events", "put_rule", {"Name": "r", "ScheduleExpression": "rate(1 day)"}, "describe_rule", {"Name": "r"}),
]


def describe(
    emulator: Emulator, service: str, _make: str, _made: dict[str, Any], operation: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    return without_metadata(getattr(emulator.client(service), operation)(**arguments))


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in answer.items() if member != "ResponseMetadata"}
