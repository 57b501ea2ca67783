"""Aliases as Lambda's developer guide documents them: a version stays as it was published, and weights choose one."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

import pytest

from deployment.emulator.settings import ACCOUNT
from tests.fakes.emulator.functions import archive, make_function
from tests.fakes.emulator.process import REGION

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

SOURCE = 'def handler(event, context): return {{"statusCode": 200, "body": "{} " + context.function_version}}'


@pytest.fixture
def function(shared_emulator: Emulator) -> str:
    """Return a function with the versions 1 and 2 and the alias live, which is at version 1."""
    functions = shared_emulator.client("lambda")
    name = make_function(shared_emulator, SOURCE.format("first"), Publish=True)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.update_function_code(FunctionName=name, ZipFile=archive(SOURCE.format("second")), Publish=True)
    return name


def weigh(emulator: Emulator, function: str, weight: float) -> None:
    weights = {"2": weight} if weight else {}
    emulator.client("lambda").update_alias(
        FunctionName=function, Name="live", RoutingConfig={"AdditionalVersionWeights": weights}
    )


def answers(emulator: Emulator, function: str, calls: int = 10, qualifier: str = "live") -> set[str]:
    client = emulator.client("lambda")
    invoked = [client.invoke(FunctionName=function, Qualifier=qualifier) for _ in range(calls)]
    return {json.loads(answer["Payload"].read())["body"] for answer in invoked}


def test_an_alias_stays_at_its_version_while_the_function_changes(shared_emulator: Emulator, function: str) -> None:
    assert answers(shared_emulator, function) == {"first 1"}
    assert answers(shared_emulator, function, qualifier="$LATEST") == {"second $LATEST"}


@pytest.mark.parametrize(
    ("weight", "expected"), [(1.0, {"second 2"}), (0.5, {"first 1", "second 2"}), (0, {"first 1"})]
)
def test_weights_choose_the_version(
    shared_emulator: Emulator, function: str, weight: float, expected: set[str]
) -> None:
    weigh(shared_emulator, function, weight)

    # With equal weights, both answer among twenty calls but once in half a million runs.
    assert answers(shared_emulator, function, calls=20 if weight == 0.5 else 3) == expected


def test_an_integration_with_an_alias_invokes_its_versions(shared_emulator: Emulator, function: str) -> None:
    gateway = shared_emulator.client("apigateway")
    api_id = gateway.create_rest_api(name="api")["id"]
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
    place = {"restApiId": api_id, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE")
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}:live"
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api_id, stageName="v1")

    def call() -> str:
        url = f"{shared_emulator.endpoint}/_aws/execute-api/{api_id}/v1/"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return str(answer.read().decode())

    assert call() == "first 1"
    weigh(shared_emulator, function, 1.0)
    assert call() == "second 2"
