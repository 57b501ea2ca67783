"""A REST API with Lambda authorisers, usage plans by their answers, and preflights, as the guide documents."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from deployment.emulator.settings import ACCOUNT
from tests.fakes.emulator.functions import make_function
from tests.fakes.emulator.process import REGION, Emulator, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE_KEY = "the-key-of-a-usage-plan"
LISTED = "https://shop.example"

ECHO = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""

# The key says what is answered; `calls` counts in the process of the function.
AUTHORISER = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    headers = {name.lower(): value for name, value in event["headers"].items()}
    key = headers.get("x-api-key") or (event["queryStringParameters"] or {}).get("key")
    if key == "raises":
        raise ValueError("a secret")
    if key == "unauthorized" or len((event["multiValueQueryStringParameters"] or {}).get("key", [])) > 1:
        raise Exception("Unauthorized")
    stage = "/".join(event["methodArn"].split("/", 2)[:2])
    paths = ["GET/guarded", "GET/guarded/", "POST/page"] if key != "elsewhere" else ["GET/other"]
    resources = [f"{stage}/{path}" for path in paths]
    answer = {
        "principalId": "caller",
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Action": "execute-api:Invoke", "Effect": "Deny" if key == "denied" else "Allow", "Resource": resources}
        ]},
        "context": {"producer": "page", "calls": calls, "is_known": True},
        "usageIdentifierKey": "the-key-of-a-usage-plan",
    }
    if key == "list": answer["context"] = {"origins": ["a"]}
    if key == "no-plan": answer["usageIdentifierKey"] = "a-key-that-no-plan-has"
    if key == "none": del answer["usageIdentifierKey"]
    return answer
"""

TEMPLATE = f"""
#set($origin = $input.params().header.get("Origin"))
#if(!$origin)
#set($origin = $input.params().header.get("origin"))
#end
#if($origin == "https://other.example" || $origin == "{LISTED}")
#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end
"""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Api(NamedTuple):
    """A stage that can be called."""

    url: str

    def call(self, method: str, path: str, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, method=method, headers=given)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return _answer(answer.status, answer)
        except urllib.error.HTTPError as error:
            return _answer(error.code, error)


def _answer(status: int, answer: Any) -> Answer:
    text = answer.read().decode()
    return Answer(status, {name.lower(): value for name, value in answer.headers.items()}, json.loads(text or "null"))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    emulator = Emulator(tmp_path_factory.mktemp("gateway") / "cloud", free_port())
    emulator.start()
    gateway = emulator.client("apigateway")
    api_id = gateway.create_rest_api(name="api", apiKeySource="AUTHORIZER")["id"]
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]

    def uri(source: str) -> str:
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{make_function(emulator, source)}"
        return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"

    echo, authoriser = uri(ECHO), uri(AUTHORISER)
    sources = {"header": "method.request.header.x-api-key", "query": "method.request.querystring.key"}
    authorisers = {
        name: gateway.create_authorizer(
            restApiId=api_id,
            name=name,
            type="REQUEST",
            authorizerUri=authoriser,
            identitySource=source,
            authorizerResultTtlInSeconds=60,
        )["id"]
        for name, source in sources.items()
    }
    for method, path, name in (("GET", "guarded", "header"), ("POST", "page", "query")):
        place = {
            "restApiId": api_id,
            "resourceId": gateway.create_resource(restApiId=api_id, parentId=root, pathPart=path)["id"],
        }
        gateway.put_method(
            **place,
            httpMethod=method,
            authorizationType="CUSTOM",
            authorizerId=authorisers[name],
            apiKeyRequired=name == "header",
        )
        gateway.put_integration(**place, httpMethod=method, type="AWS_PROXY", integrationHttpMethod="POST", uri=echo)
        make_preflight(gateway, **place)
    for kind, status in (("UNAUTHORIZED", "401"), ("DEFAULT_4XX", None), ("REQUEST_TOO_LARGE", "413")):
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            **({"statusCode": status} if status else {}),
            responseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": "method.request.header.Origin"},
        )
    gateway.put_gateway_response(
        restApiId=api_id,
        responseType="ACCESS_DENIED",
        statusCode="403",
        responseTemplates={
            "application/json": '{"producer": "$context.authorizer.producer", "reason": "$context.authorizer.unknown"}'
        },
    )
    gateway.create_deployment(restApiId=api_id, stageName="v1")
    key = gateway.create_api_key(name="key", enabled=True, value=USAGE_KEY)["id"]
    plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api_id, "stage": "v1"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    yield Api(f"{emulator.endpoint}/_aws/execute-api/{api_id}/v1")
    emulator.close()


def make_preflight(gateway: Any, **place: str) -> None:
    gateway.put_method(**place, httpMethod="OPTIONS", authorizationType="NONE")
    gateway.put_integration(
        **place, httpMethod="OPTIONS", type="MOCK", requestTemplates={"application/json": '{"statusCode": 204}'}
    )
    gateway.put_method_response(**place, httpMethod="OPTIONS", statusCode="204")
    gateway.put_integration_response(
        **place,
        httpMethod="OPTIONS",
        statusCode="204",
        responseParameters={"method.response.header.Vary": "'Origin'"},
        responseTemplates={"application/json": TEMPLATE},
    )


def test_without_the_identity_source_the_answer_is_401_and_a_page_can_read_it(api: Api) -> None:
    answer = api.call("GET", "/guarded", origin=LISTED)

    assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, LISTED)
    assert api.call("GET", "/guarded?key=allowed").status == 401
    assert api.call("POST", "/page", x_api_key="allowed").status == 401


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("allowed", 200),
        ("denied", 403),
        ("elsewhere", 403),
        ("unauthorized", 401),
        ("raises", 500),
        ("list", 500),
        ("no-plan", 403),
        ("none", 403),
        (USAGE_KEY, 200),
    ],
)
def test_the_answer_of_the_authoriser_decides(api: Api, key: str, status: int) -> None:
    answer = api.call("GET", "/guarded", x_api_key=key)

    assert answer.status == status
    assert "secret" not in json.dumps(answer.body)


def test_the_response_for_a_denied_request_has_the_authorisers_context(api: Api) -> None:
    for key in ("denied", "elsewhere", "denied"):
        assert api.call("GET", "/guarded", x_api_key=key).body == {"producer": "page", "reason": ""}


def test_the_function_gets_the_context_as_texts(api: Api) -> None:
    context = api.call("GET", "/guarded", x_api_key="context").body["requestContext"]["authorizer"]

    assert {name: context[name] for name in ("principalId", "producer", "is_known")} == {
        "principalId": "caller",
        "producer": "page",
        "is_known": "true",
    }
    assert set(context) == {"principalId", "producer", "is_known", "calls"}


def test_the_answer_for_a_key_is_used_again_also_for_other_requests(api: Api) -> None:
    def calls(key: str, path: str = "/guarded") -> str:
        counted: str = api.call("GET", path, x_api_key=key).body["requestContext"]["authorizer"]["calls"]
        return counted

    assert calls("one") == calls("one", "/guarded?x=2")
    assert calls("one") != calls("two")


def test_a_method_without_usage_plan_is_open_to_a_key_of_no_plan(api: Api) -> None:
    assert api.call("POST", "/page?key=none").status == 200
    assert api.call("POST", "/page?key=denied").status == 403


def test_a_request_that_the_authoriser_fails_for_leaves_no_answer_for_its_key(api: Api) -> None:
    assert api.call("POST", "/page?key=several&key=x").status == 401
    assert api.call("POST", "/page?key=several").status == 200


def test_the_header_names_no_usage_plan(api: Api) -> None:
    assert api.call("POST", "/page?key=allowed", x_api_key="no key of a plan").status == 200


def test_a_path_that_ends_in_a_slash_is_that_of_the_resource(api: Api) -> None:
    answer = api.call("GET", "/guarded/", x_api_key="slash")

    assert (answer.status, answer.body["resource"], answer.body["path"]) == (200, "/guarded", "/guarded/")


def test_the_id_of_a_request_is_in_a_header(api: Api) -> None:
    answer = api.call("GET", "/guarded", x_api_key="id")

    assert answer.headers["x-amzn-requestid"] == answer.body["requestContext"]["requestId"]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [(LISTED, LISTED), ("https://other.example", "https://other.example"), ("https://x.example", None)],
)
def test_a_preflight_names_the_origin_where_it_is_listed(api: Api, origin: str, allowed: str | None) -> None:
    answer = api.call("OPTIONS", "/guarded", origin=origin, access_control_request_method="GET")

    assert (answer.status, answer.body) == (204, None)
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("mebibytes", [7, 11], ids=["more than Lambda takes", "more than API Gateway takes"])
def test_a_body_that_is_too_large_has_the_gateways_response(api: Api, mebibytes: int) -> None:
    request = urllib.request.Request(
        api.url + "/page?key=allowed", b"x" * mebibytes * 1024 * 1024, {"Origin": LISTED}, method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    assert (caught.value.code, caught.value.headers["Access-Control-Allow-Origin"]) == (413, LISTED)
