"""A recording holds each call once, as IAM evaluates it on AWS, without payloads."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.fakes.emulator.process import Emulator, free_port

ACCOUNT = "000000000000"
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
READER = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::recorded/*"}]}


class Recorded(Emulator):
    """An emulator that records."""

    @property
    def recording(self):
        return self.directory.with_name("calls.jsonl")

    def command(self):
        return [*super().command(), "--record", str(self.recording)]

    def calls(self, action):
        lines = [json.loads(line) for line in self.recording.read_text().splitlines()]
        return [line for line in lines if line["action"] == action]

    def resources(self, action):
        return [call["resource"].partition(f"{ACCOUNT}:")[2] for call in self.calls(action)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    emulator = Recorded(tmp_path_factory.mktemp("recorded") / "cloud", free_port(), iam_enforced=True)
    emulator.start()
    yield emulator
    emulator.close()


def test_a_call_of_the_root_user_is_recorded_once_with_its_application_and_no_payload(recorded):
    ssm = recorded.client("ssm", user_agent_appid="rivulet-apply")
    for value in ("first", "second"):
        ssm.put_parameter(Name="/recorded", Value=value, Type="String", Overwrite=True)

    assert [(call["caller"], call["context"]) for call in recorded.calls("ssm:PutParameter")] == [("apply", {})]
    assert "first" not in recorded.recording.read_text()


def test_a_role_is_the_caller_of_its_calls(recorded):
    iam = recorded.client("iam")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=json.dumps(READER))
    s3 = recorded.client("s3")
    s3.create_bucket(Bucket="recorded", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="recorded", Key="a", Body=b"a", Tagging="Project=rivulet")
    session = recorded.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]

    boto3.client(
        "s3",
        endpoint_url=recorded.endpoint,
        region_name="eu-central-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    ).get_object(Bucket="recorded", Key="a")

    assert [call["caller"] for call in recorded.calls("s3:GetObject")] == ["reader"]
    assert recorded.calls("s3:PutObjectTagging")


def test_resources_are_those_that_aws_evaluates(recorded):
    glue, dashboards = recorded.client("glue"), recorded.client("cloudwatch")
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.get_database(Name="lake")
    glue.create_table(DatabaseName="lake", TableInput={"Name": "events"})
    glue.delete_database(Name="lake")
    dashboards.put_dashboard(DashboardName="overview", DashboardBody="{}")
    dashboards.delete_dashboards(DashboardNames=["overview"])
    kinesis = recorded.client("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    shard = {"StreamName": "events", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**shard)["ShardIterator"])

    assert recorded.resources("glue:GetDatabase") == ["catalog", "database/lake"]
    assert recorded.resources("glue:CreateTable") == ["catalog", "database/lake", "table/lake/events"]
    assert recorded.resources("glue:DeleteDatabase") == [
        "catalog",
        "database/lake",
        "table/lake/any",
        "userDefinedFunction/lake/any",
    ]
    assert recorded.resources("cloudwatch:DeleteDashboards") == ["dashboard/overview"]
    assert recorded.resources("kinesis:GetRecords") == ["stream/events"]


def test_a_call_about_an_alias_is_none_about_their_list(recorded):
    functions = recorded.client("lambda")
    alias = {"FunctionName": "recorded", "Name": "live"}
    for call in (functions.get_alias, functions.update_alias, functions.delete_alias):
        with pytest.raises(ClientError):
            call(**alias)

    assert [len(recorded.calls(f"lambda:{verb}Alias")) for verb in ("Get", "Update", "Delete")] == [1, 1, 1]
    assert recorded.calls("lambda:ListAliases") == []


def test_what_belongs_to_cloudfront_is_recorded_by_its_id_or_name_and_the_tags_of_a_distribution(recorded):
    cloudfront = recorded.client("cloudfront")
    control = {"Name": "pages", "OriginAccessControlOriginType": "s3"}
    control |= {"SigningBehavior": "always", "SigningProtocol": "sigv4"}
    made = cloudfront.create_origin_access_control(OriginAccessControlConfig=control)["OriginAccessControl"]
    cloudfront.get_origin_access_control(Id=made["Id"])
    origin = {
        "Id": "pages",
        "DomainName": "pages.s3.eu-central-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    behaviour = {
        "TargetOriginId": "pages",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    }
    config = {"CallerReference": "a", "Comment": "", "Enabled": True, "DefaultCacheBehavior": behaviour}
    config |= {"Origins": {"Quantity": 1, "Items": [origin]}}
    tags = {"Items": [{"Key": "Project", "Value": "rivulet"}]}
    distribution = cloudfront.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": tags}
    )["Distribution"]
    cloudfront.get_distribution(Id=distribution["Id"])
    cloudfront.list_tags_for_resource(Resource=distribution["ARN"])

    function: dict[str, Any] = {"Name": "missing", "FunctionCode": b"function handler(event) { return event.request; }"}
    function["FunctionConfig"] = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    etag = cloudfront.create_function(**function)["ETag"]
    cloudfront.publish_function(Name="missing", IfMatch=etag)
    cloudfront.describe_function(Name="missing", Stage="LIVE")

    for action in ("CreateFunction", "PublishFunction", "DescribeFunction"):
        assert recorded.resources(f"cloudfront:{action}") == ["function/missing"]
    assert recorded.resources("cloudfront:CreateOriginAccessControl") == ["origin-access-control/new"]
    assert recorded.resources("cloudfront:GetOriginAccessControl") == [f"origin-access-control/{made['Id']}"]
    assert recorded.resources("cloudfront:CreateDistribution") == ["distribution/new"]
    (tagging,) = recorded.calls("cloudfront:TagResource")
    assert tagging["context"] == {"aws:requesttag/Project": "rivulet"}
    for action in ("GetDistribution", "ListTagsForResource"):
        (read,) = recorded.calls(f"cloudfront:{action}")
        assert read["resource"] == distribution["ARN"]
        assert read["context"] == {"aws:resourcetag/Project": "rivulet"}


def test_tags_and_aliases_are_recorded_as_condition_keys(recorded):
    kms = recorded.client("kms")
    key = kms.create_key(Tags=[{"TagKey": "Project", "TagValue": "rivulet"}])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/recorded", TargetKeyId=key)
    kms.describe_key(KeyId=key)
    apis = recorded.client("apigateway")
    api = apis.create_rest_api(name="recorded", tags={"Project": "rivulet"})["id"]
    apis.get_resources(restApiId=api)

    (tagging,) = recorded.calls("kms:TagResource")
    assert tagging["context"] == {"aws:requesttag/project": "rivulet"}
    assert recorded.resources("kms:CreateAlias") == ["alias/recorded", f"key/{key}"]
    (described,) = recorded.calls("kms:DescribeKey")
    assert described["context"] == {"aws:resourcetag/Project": "rivulet", "kms:resourcealiases": ["alias/recorded"]}
    assert recorded.calls("apigateway:POST")[0]["context"] == {"aws:requesttag/Project": "rivulet"}
    assert recorded.calls("apigateway:GET")[0]["context"] == {"aws:resourcetag/Project": "rivulet"}
