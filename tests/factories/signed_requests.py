"""Requests as botocore, which signs for every Python program that calls AWS, signs them."""

from __future__ import annotations

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from model.engine.access.signatures import Head

KEY_ID, SECRET = "AKIDEXAMPLE000000001", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "eu-west-1"
BODY = b'{"datasetGroupArn": "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop"}'
TARGET = {"X-Amz-Target": "AmazonPersonalize.DescribeDatasetGroup", "Content-Type": "application/x-amz-json-1.1"}


def signed_head(*, body=BODY, url="http://shop.example:8400/", headers=TARGET, in_query=False):
    """Return the head of a request as botocore signs and sends it."""
    request = AWSRequest("POST", url, headers={"Host": "shop.example:8400", **headers}, data=body)
    credentials = Credentials(KEY_ID, SECRET)
    signer = SigV4QueryAuth if in_query else SigV4Auth
    signer(credentials, "personalize", REGION).add_auth(request)
    path, _, query = str(request.url).removeprefix("http://shop.example:8400").partition("?")
    sent = [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()]
    return Head("POST", path.encode(), query.encode(), sent)
