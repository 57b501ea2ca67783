"""With IAM enforced a caller has the permissions of its policies only, and loopback counts as TLS."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from deployment.emulator.settings import ACCOUNT
from tests.fakes.emulator.process import Emulator, free_port

TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::guarded", "arn:aws:s3:::guarded/*"],
}
BUCKET_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        TLS_ONLY | {"Sid": "Tls", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        TLS_ONLY | {"Sid": "NewTls", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    ],
}
WRITER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::guarded/raw/*"}],
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    emulator = Emulator(tmp_path_factory.mktemp("guarded") / "cloud", free_port(), iam_enforced=True)
    emulator.start()
    s3, iam = emulator.client("s3"), emulator.client("iam")
    s3.create_bucket(Bucket="guarded", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_policy(Bucket="guarded", Policy=json.dumps(BUCKET_POLICY))
    iam.create_user(UserName="writer")
    iam.put_user_policy(UserName="writer", PolicyName="own", PolicyDocument=json.dumps(WRITER_POLICY))
    key = iam.create_access_key(UserName="writer")["AccessKey"]
    yield emulator, (key["AccessKeyId"], key["SecretAccessKey"])
    emulator.kill()


def code_of(call, **arguments) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_permitted_request_succeeds_though_the_bucket_requires_tls(guarded):
    emulator, key = guarded

    emulator.client("s3", *key).put_object(Bucket="guarded", Key="raw/a", Body=b"a")

    assert emulator.client("s3").get_object(Bucket="guarded", Key="raw/a")["Body"].read() == b"a"


def test_a_request_without_a_permission_is_denied(guarded):
    emulator, key = guarded
    s3 = emulator.client("s3", *key)

    assert code_of(s3.put_object, Bucket="guarded", Key="curated/a", Body=b"a") == "AccessDenied"
    assert code_of(s3.get_object, Bucket="guarded", Key="raw/a") == "AccessDenied"


def test_a_wrong_signature_is_refused(guarded):
    emulator, (key, secret) = guarded

    assert code_of(emulator.client("s3", key, secret[::-1]).list_buckets) == "SignatureDoesNotMatch"


def test_the_parameters_of_a_path_are_read_with_a_permission_for_the_path(guarded):
    emulator, _ = guarded
    iam = emulator.client("iam")
    iam.create_user(UserName="reader")
    path = f"arn:aws:ssm:eu-central-1:{ACCOUNT}:parameter/shop/keys"
    allowed = {"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": path}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="reader", PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = emulator.client("ssm", key["AccessKeyId"], key["SecretAccessKey"])
    emulator.client("ssm").put_parameter(Name="/shop/keys/a", Value="x", Type="String")

    assert [found["Value"] for found in reader.get_parameters_by_path(Path="/shop/keys")["Parameters"]] == ["x"]
    assert code_of(reader.get_parameters_by_path, Path="/shop") == "AccessDeniedException"
    assert code_of(reader.get_parameter, Name="/shop/keys/a") == "AccessDeniedException"
