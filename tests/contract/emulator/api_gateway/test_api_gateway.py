"""A REST API in front of a function, with a key, as API Gateway's developer guide documents it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, NamedTuple

import pytest

from deployment.emulator.settings import ACCOUNT
from tests.fakes.emulator.functions import make_function
from tests.fakes.emulator.process import REGION, Emulator, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "a-key-of-more-than-twenty-letters"
MIB = 1024 * 1024

HANDLER = """
import json
def handler(event, context):
    what = event["path"].strip("/")
    if what == "raises": raise ValueError("a secret")
    if what == "text": return "not an answer"
    if what == "number": return {"statusCode": 200, "body": 1}
    if what == "size": return {"statusCode": 200, "body": str(len(event["body"]))}
    return {"statusCode": 201, "headers": {"X-Made": "by"}, "body": json.dumps(event)}
"""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


class Api(NamedTuple):
    """A stage that can be called."""

    url: str

    def call(self, path: str, body: bytes | None = None, key: str | None = KEY) -> Answer:
        headers = {"Content-Type": "application/json"} | ({"x-api-key": key} if key else {})
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read().decode())


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    emulator = Emulator(tmp_path_factory.mktemp("gateway") / "cloud", free_port())
    emulator.start()
    function = make_function(emulator, HANDLER)
    gateway = emulator.client("apigateway")
    api_id = gateway.create_rest_api(name="api")["id"]
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    one = gateway.create_resource(restApiId=api_id, parentId=root, pathPart="one")["id"]
    for parent, part in ((root, "{proxy+}"), (one, "{id}")):
        resource = gateway.create_resource(restApiId=api_id, parentId=parent, pathPart=part)["id"]
        place = {"restApiId": api_id, "resourceId": resource, "httpMethod": "ANY"}
        gateway.put_method(**place, authorizationType="NONE", apiKeyRequired=True)
        gateway.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api_id, stageName="v1")
    key = gateway.create_api_key(name="key", enabled=True, value=KEY)["id"]
    plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api_id, "stage": "v1"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    yield Api(f"{emulator.endpoint}/_aws/execute-api/{api_id}/v1")
    emulator.kill()


@pytest.mark.parametrize("key", [None, "another-key-of-twenty-letters"])
def test_without_its_key_is_forbidden(api: Api, key: str | None) -> None:
    answer = api.call("/anything", key=key)

    assert (answer.status, json.loads(answer.body)) == (403, {"message": "Forbidden"})


def test_function_gets_the_request_and_returns_the_response(api: Api) -> None:
    answer = api.call("/user/a?x=1&x=2", b'{"a": 1}')

    event = json.loads(answer.body)
    assert (answer.status, answer.headers["X-Made"]) == (201, "by")
    assert (event["httpMethod"], event["path"], event["body"]) == ("POST", "/user/a", '{"a": 1}')
    assert event["pathParameters"] == {"proxy": "user/a"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["requestContext"]["stage"] == "v1"


def test_path_parameters_stay_percent_encoded(api: Api) -> None:
    event = json.loads(api.call("/a%20b%2541").body)

    assert event["pathParameters"] == {"proxy": "a%20b%2541"}


@pytest.mark.parametrize("sent", ["a%2Fb", "%2f", "%252F%2F"])
def test_an_encoded_slash_is_part_of_a_parameter(api: Api, sent: str) -> None:
    event = json.loads(api.call(f"/one/{sent}").body)

    assert event["resource"] == "/one/{id}"
    assert event["pathParameters"] == {"id": sent.replace("%2f", "%2F")}


@pytest.mark.parametrize("path", ["/raises", "/text", "/number"])
def test_the_error_of_a_function_is_hidden_from_the_caller(api: Api, path: str) -> None:
    answer = api.call(path)

    assert (answer.status, json.loads(answer.body)) == (502, {"message": "Internal server error"})


@pytest.mark.parametrize("size", [7 * MIB, 11 * MIB], ids=["more than Lambda takes", "more than API Gateway takes"])
def test_request_that_is_too_long(api: Api, size: int) -> None:
    answer = api.call("/size", b"x" * size)

    assert (answer.status, json.loads(answer.body)) == (413, {"message": "Request Too Long"})


def test_request_of_five_mebibytes_is_accepted(api: Api) -> None:
    assert api.call("/size", b"x" * 5 * MIB).body == str(5 * MIB)
