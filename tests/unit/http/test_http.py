"""The HTTP answer, errors and routes that every HTTP function shares."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from backend.http import (
    Answer,
    BadRequestError,
    NotFoundError,
    Request,
    ThrottledError,
    TooLargeError,
    UnavailableError,
    answer,
    routes,
)
from tests.factories.lambda_events import proxy_event

PATH = "/users/{user}"


def user_request(**changes: Any) -> dict[str, Any]:
    return proxy_event("GET", PATH, **{"pathParameters": {"user": "ann"}, "headers": {"X-Colour": "red"}, **changes})


def echo(request: Request) -> Answer:
    return answer(
        200,
        {
            "user": request.path_parameters["user"],
            "query": request.query,
            "colour": request.headers.get("x-colour"),
            "body": request.body.decode(),
        },
    )


def ask(event: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
    answered = routes({("GET", PATH): echo})(event, None)
    return answered["statusCode"], json.loads(answered["body"]), answered["headers"]


def test_a_request_reaches_its_route_with_decoded_path_and_lower_case_headers():
    status, body, headers = ask(user_request(pathParameters={"user": "a%2Fb%20c"}))
    assert status == 200
    assert body == {"user": "a/b c", "query": {}, "colour": "red", "body": ""}
    assert headers["Content-Type"] == "application/json"


def test_every_value_of_a_query_parameter_is_kept():
    _, body, _ = ask(user_request(multiValueQueryStringParameters={"n": ["1", "2"]}, queryStringParameters={"n": "2"}))
    assert body["query"] == {"n": ["1", "2"]}


def test_single_query_values_are_read_where_multi_values_are_missing():
    _, body, _ = ask(user_request(queryStringParameters={"n": "2"}))
    assert body["query"] == {"n": ["2"]}


def test_a_base64_body_is_decoded():
    _, body, _ = ask(user_request(body=base64.b64encode("é".encode()).decode(), isBase64Encoded=True))
    assert body["body"] == "é"


def test_a_body_that_is_not_base64_is_refused():
    status, body, _ = ask(user_request(body="é", isBase64Encoded=True))
    assert (status, body["error"]["field"]) == (400, "body")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadRequestError("n", "too big"), 400, "bad_request"),
        (NotFoundError("n", "too big"), 404, "not_found"),
        (TooLargeError("n", "too big"), 413, "too_large"),
    ],
)
def test_an_error_of_a_field_names_the_field_and_the_rule(error, status, code):
    def fail(_: Request) -> Answer:
        raise error

    answered = routes({("GET", PATH): fail})(user_request(), None)
    assert answered["statusCode"] == status
    assert json.loads(answered["body"]) == {
        "error": {"code": code, "message": "n: too big", "field": "n", "rule": "too big"},
        "request_id": "request-1",
    }


def test_an_answer_repeats_the_start_of_a_long_name_only():
    def refuse(_request: Request) -> Answer:
        raise BadRequestError("x" * 3_000_000, "is not known")

    answered = routes({("GET", PATH): refuse})(user_request(), None)

    assert json.loads(answered["body"])["error"]["field"] == "x" * 128
    assert len(answered["body"]) < 1000


@pytest.mark.parametrize(("error", "status"), [(ThrottledError(2), 429), (UnavailableError(2, "no stream"), 503)])
def test_an_error_that_passes_has_retry_after(error, status):
    def fail(_: Request) -> Answer:
        raise error

    answered = routes({("GET", PATH): fail})(user_request(), None)
    assert answered["statusCode"] == status
    assert answered["headers"]["Retry-After"] == "2"
    assert "field" not in json.loads(answered["body"])["error"]


def test_an_unexpected_error_shows_the_caller_only_the_request_id(caplog):
    def fail(_: Request) -> Answer:
        raise RuntimeError("secret")

    answered = routes({("GET", PATH): fail})(user_request(), None)
    assert answered["statusCode"] == 500
    assert "secret" not in answered["body"]
    assert json.loads(answered["body"])["request_id"] == "request-1"
    assert "request-1" in caplog.text


def test_an_unknown_route_is_not_found():
    status, body, _ = ask(user_request(resource="/nowhere"))
    assert (status, body["error"]["field"]) == (404, "path")


def test_an_answer_with_half_a_surrogate_pair_can_be_sent():
    # JSON may escape half of a pair, as in the name of a field that an error repeats; UTF-8 has no form for it
    body = json.loads(r'"\ud83d and \ud83d\ude00"')
    sent = answer(400, {"field": body})["body"].encode()
    assert json.loads(sent) == {"field": "? and \U0001f600"}
