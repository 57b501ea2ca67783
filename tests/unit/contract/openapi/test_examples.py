"""Every example of an answer is one that the functions give: each is got again by a request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import hcl2
import pytest

from backend.contract import generate
from backend.contract.generators.examples import (
    EVENT,
    NEW_UPLOAD,
    RERANK,
    STARTED_EXECUTION,
    TRAIN,
    TRAINED,
    UPDATE_DATA,
    VISITOR,
)
from tests.fakes.faults import denied, server_error, throttled, timeout
from tests.fakes.functions.states import STARTED
from tests.fakes.functions.whole_api import WholeApi

DOCUMENT = json.loads((generate.ROOT / "backend/contract/generated/openapi.json").read_text())
BY_THE_GATEWAY = {"401", "403"}
TEXTS = {"code", "message", "field", "rule", "reason", "status", "next_page"}
"""What is the same in the example and in the answer, as the source of a list is; of everything else the form is."""

SOURCES = DOCUMENT["components"]["schemas"]["Recommendations"]["properties"]["source"]["enum"]

Given = Callable[[WholeApi], object]
Asked = tuple[dict[str, Any], Given]
LONG_ID = {**EVENT, "item_id": "x" * 257}
ITEM = UPDATE_DATA["items"]["records"][0]
LISTS = {
    "GET /recommendations/{user_id}": {"user_id": "u-1042"},
    "GET /similar-items/{item_id}": {"item_id": "i-318"},
    "GET /popular": {},
}


def nothing(_: WholeApi) -> None:
    """Prepare nothing."""


def request(body: Any = None, path: Any = None, **query: str) -> dict[str, Any]:
    given = {name: [value] for name, value in query.items()} or None
    return {"body": body, "pathParameters": path or None, "multiValueQueryStringParameters": given}


def stream(error: Exception) -> Given:
    return lambda api: api.door.kinesis.faults.always(error)


def tables(error: Exception) -> Given:
    def fail(api: WholeApi) -> None:
        for call in ("scan", "query", "batch_get_item"):
            api.serving.dynamodb.faults[call].always(error)

    return fail


def no_recommender(api: WholeApi) -> None:
    api.serving.break_recommender()


def states(error: Exception) -> Given:
    def fail(api: WholeApi) -> None:
        for call in ("list_executions", "describe_execution"):
            api.states.faults[call].always(error)

    return fail


def deployed(api: WholeApi) -> None:
    api.serving.deploy("recommendations", "1f2e3d4c")


def execution(**ended: Any) -> Given:
    """Start an execution for a visitor, and let it have the id of the examples and these attributes."""

    def start(api: WholeApi) -> None:
        deployed(api)
        started = api.send("POST /recommendations", **request(VISITOR, **AS_EXECUTION))[1]["execution_id"]
        executions = api.serving.states.executions
        executions[EXECUTION["id"]] = executions.pop(started) | {"name": EXECUTION["id"]} | ended

    return start


def no_executions(error: Exception) -> Given:
    def fail(api: WholeApi) -> None:
        deployed(api)
        for call in ("start_execution", "describe_execution"):
            api.serving.states.faults[call].always(error)

    return fail


def uploaded(api: WholeApi) -> None:
    title = b"x" * 1001
    api.process(api.upload(b"item_id,title\ni-1,a\ni-2," + title + b"\ni-3," + title + b"\n"))


def announced(api: WholeApi) -> None:
    api.door.s3.objects["rivulet-production-123456789012-uploads", "catalogue.csv.gz"] = b"item_id\ni-1\n"


def _of_lists() -> dict[str, Asked]:
    asked: dict[str, Asked] = {}
    for route, path in LISTS.items():
        asked |= {
            f"{route} 200 example": (request(path=path, num_results="2"), nothing),
            f"{route} 200 explained": (request(path=path, num_results="1", explain="true"), nothing),
            f"{route} 200 described": (request(path=path, num_results="1", details="true"), nothing),
            f"{route} 400 example": (request(path=path, num_results="500"), nothing),
            f"{route} 410 example": (request(path=path, page="1760000000000-10"), nothing),
            f"{route} 503 example": (request(path=path), no_recommender),
        }
        if path:
            unknown = {name: value[:2] + "404" for name, value in path.items()}
            asked[f"{route} 404 example"] = (request(path=unknown), nothing)
    return asked


def _of_events(route: str) -> dict[str, Asked]:
    return {
        f"{route} 202 example": (request([EVENT, LONG_ID]), nothing),
        f"{route} 400 example": (request(LONG_ID), nothing),
        f"{route} 413 example": (request("x" * (2**20 + 1)), nothing),
        f"{route} 429 example": (request(EVENT), stream(throttled())),
        f"{route} 503 example": (request(EVENT), stream(server_error())),
    }


EVENTS_IN_BULK = {"kind": "interactions", "records": [EVENT]}
UPLOAD_IN_PATH = {"id": DOCUMENT["paths"]["/update-data/{id}"]["get"]["parameters"][0]["example"]}
USER, ITEM_PATH, TRAINING = {"user_id": "u-1042"}, {"item_id": "i-318"}, {"id": "2026-01-31"}
EXECUTION, AS_EXECUTION = {"id": STARTED_EXECUTION["execution_id"]}, {"async": "true"}
ANSWERED = {"items": [{"item_id": "i-12", "score": 0.31}], "recommendation_id": "RID-1"}
CHOICE = {"search": "boots", "category": "Shoes|Boots", "min_price": "50", "max_price": "150"}
ASKED: dict[str, Asked] = {
    **_of_events("POST /events"),
    **_of_events("POST /e"),
    "POST /uploads 201 example": (request(NEW_UPLOAD), nothing),
    "POST /uploads 400 example": (request({**NEW_UPLOAD, "content_type": "text/plain"}), nothing),
    "POST /uploads 413 example": (request({**NEW_UPLOAD, "size_bytes": 2**30}), nothing),
    "POST /update-data 202 example": (
        request({"kind": "items", "records": [ITEM, {**ITEM, "title": "x" * 1001}]}),
        nothing,
    ),
    "POST /update-data 202 upload": (request(UPDATE_DATA["upload"]), announced),
    "POST /update-data 400 example": (request({"kind": "products", "records": [ITEM]}), nothing),
    "POST /update-data 404 example": (request(UPDATE_DATA["upload"]), nothing),
    "POST /update-data 413 example": (request("x" * (2**20 + 1)), nothing),
    "POST /update-data 429 example": (request(EVENTS_IN_BULK), stream(throttled())),
    "POST /update-data 503 example": (request(EVENTS_IN_BULK), stream(server_error())),
    "GET /update-data/{id} 200 example": (request(path=UPLOAD_IN_PATH), uploaded),
    "GET /update-data/{id} 400 example": (request(path={"id": "7"}), nothing),
    "GET /update-data/{id} 404 example": (request(path={"id": "0" * 32}), nothing),
    "GET /update-data/{id} 503 example": (
        request(path={"id": "0" * 32}),
        lambda api: api.door.s3.faults["get_object"].always(server_error()),
    ),
    **_of_lists(),
    "POST /recommendations 200 example": (request(VISITOR), nothing),
    "POST /recommendations 400 example": (request({**VISITOR, "items": ["i-318"]}), nothing),
    "POST /recommendations 404 example": (request({**VISITOR, "items": ["i-404", *VISITOR["items"][1:]]}), nothing),
    "POST /recommendations 202 example": (request(VISITOR, **AS_EXECUTION), deployed),
    "POST /recommendations 429 example": (request(VISITOR, **AS_EXECUTION), no_executions(throttled())),
    "POST /recommendations 503 example": (request(VISITOR), no_recommender),
    "POST /recommendations 503 no_model": (request(VISITOR, **AS_EXECUTION), nothing),
    "GET /executions/{id} 200 example": (request(path=EXECUTION), execution()),
    "GET /executions/{id} 200 succeeded": (
        request(path=EXECUTION),
        execution(status="SUCCEEDED", output=json.dumps(ANSWERED), stopDate=STARTED + timedelta(seconds=3)),
    ),
    "GET /executions/{id} 200 failed": (
        request(path=EXECUTION),
        execution(status="FAILED", error="PersonalizeEvents.PersonalizeEventsException", cause="Rate exceeded"),
    ),
    "GET /executions/{id} 400 example": (request(path=EXECUTION, verbose="true"), nothing),
    "GET /executions/{id} 404 example": (request(path=EXECUTION), nothing),
    "GET /executions/{id} 429 example": (request(path=EXECUTION), no_executions(throttled())),
    "GET /executions/{id} 503 example": (request(path=EXECUTION), no_executions(denied())),
    "POST /rerank 200 example": (request(RERANK), nothing),
    "POST /rerank 400 example": (request({"user_id": "u-1042"}), nothing),
    "POST /rerank 404 example": (request({**RERANK, "user_id": "u-404"}), nothing),
    "POST /rerank 503 example": (request(RERANK), no_recommender),
    "GET /products 200 example": (request(**CHOICE, num_results="1"), nothing),
    "GET /products 400 example": (request(min_price="20", max_price="10"), nothing),
    "GET /products 503 example": (request(), tables(timeout())),
    "GET /products/{item_id} 200 example": (request(path=ITEM_PATH), nothing),
    "GET /products/{item_id} 400 example": (request(path={"item_id": "i" * 300}), nothing),
    "GET /products/{item_id} 404 example": (request(path={"item_id": "i-404"}), nothing),
    "GET /products/{item_id} 503 example": (request(path=ITEM_PATH), tables(timeout())),
    "GET /categories 200 example": (request(), nothing),
    "GET /categories 400 example": (request(verbose="true"), nothing),
    "GET /categories 503 example": (request(), tables(timeout())),
    "GET /users/{user_id}/history 200 example": (request(path=USER), nothing),
    "GET /users/{user_id}/history 400 example": (request(path=USER, num_results="500"), nothing),
    "GET /users/{user_id}/history 404 example": (request(path={"user_id": "u-404"}), nothing),
    "GET /users/{user_id}/history 503 example": (request(path=USER), tables(timeout())),
    "GET /models 200 example": (request(), nothing),
    "GET /models 400 example": (request(verbose="true"), nothing),
    "GET /models 503 example": (request(), lambda api: api.control.faults.always(throttled())),
    "GET /system-info 200 example": (request(), nothing),
    "GET /system-info 400 example": (request(verbose="true"), nothing),
    "GET /health 200 example": (request(), lambda api: api.send("GET /popular")),
    "POST /train 202 example": (request(TRAIN), nothing),
    "POST /train 400 example": (request({"trainer": "other"}), nothing),
    "POST /train 409 example": (request(), lambda api: api.send("POST /train", TRAIN)),
    "POST /train 429 example": (request(), states(throttled())),
    "POST /train 503 example": (request(), states(denied())),
    "GET /train/{id} 200 example": (
        request(path=TRAINING),
        lambda api: api.train(
            "ImportFailed", status="FAILED", error="ImportFailed", cause="Import interactions: 3 rows are invalid"
        ),
    ),
    "GET /train/{id} 200 succeeded": (
        request(path=TRAINING),
        lambda api: api.train("Done", status="SUCCEEDED", output=json.dumps(TRAINED["output"])),
    ),
    "GET /train/{id} 400 example": (request(path={"id": "a b"}), nothing),
    "GET /train/{id} 404 example": (request(path={"id": "none"}), nothing),
    "GET /train/{id} 429 example": (request(path=TRAINING), states(throttled())),
    "GET /train/{id} 503 example": (request(path=TRAINING), states(denied())),
}
"""For each example of an answer the request, and what is to happen before it."""


def examples() -> dict[str, Any]:
    """Return each example of an answer by its route, status and title."""
    return {
        f"{method.upper()} {path} {status} {title}": example["value"]
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        for title, example in answer["content"]["application/json"]["examples"].items()
    }


def form(value: Any, name: str = "") -> Any:
    """Return a value with its names and its texts of errors, and the types of everything else."""
    if isinstance(value, dict):
        return {key: form(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(form(part), sort_keys=True) for part in value})
    if name in TEXTS or value in SOURCES or value is None or isinstance(value, bool):
        return value
    return "number" if isinstance(value, int | float) else type(value).__name__


def test_each_example_has_its_request():
    of_functions = {each for each in examples() if each.split(" ")[2] not in BY_THE_GATEWAY}

    assert of_functions == ASKED.keys()


@pytest.mark.parametrize("title", ASKED)
def test_the_system_answers_as_the_example_shows(title: str, monkeypatch: pytest.MonkeyPatch):
    (event, given), (method, path, status, _) = ASKED[title], title.split(" ")
    api = WholeApi(monkeypatch)
    given(api)
    if path == "/update-data/{id}" and status == "200":
        event = event | {"pathParameters": {"id": upload_id_of(api)}}

    answered, body = api.send(f"{method} {path}", **event)

    assert (answered, form(body)) == (int(status), form(examples()[title]))


def upload_id_of(api: WholeApi) -> str:
    """Return the id of the one upload that was requested."""
    (payload,) = api.door.functions.invoked
    return str(payload["upload"])


@pytest.mark.parametrize("route", LISTS)
def test_the_examples_of_parameters_are_accepted_together(route: str, monkeypatch: pytest.MonkeyPatch):
    method, path = route.split(" ")
    query: dict[str, list[str]] = {}
    for parameter in DOCUMENT["paths"][path][method.lower()]["parameters"]:
        name, example = parameter["name"], parameter.get("example")
        if parameter["in"] == "query" and isinstance(example, dict):
            for key, value in example.items():
                query[f"{name}[{key}]"] = value if isinstance(value, list) else [value]
        elif parameter["in"] == "query":
            query[name] = ["true" if example is True else str(example)]

    event = {"pathParameters": LISTS[route] or None, "multiValueQueryStringParameters": query}
    status, body = WholeApi(monkeypatch).send(route, **event)

    assert status == 200, body


def test_the_examples_of_the_gateways_errors_are_what_terraform_sets():
    (locals_,) = hcl2.loads((generate.ROOT / "infrastructure/modules/api/locals.tf").read_text())["locals"]
    messages = {name: str(error["message"]).strip('"') for name, error in locals_["gateway_errors"].items()}
    denied_by = re.escape(messages["ACCESS_DENIED"]).replace(re.escape("$context.authorizer.denial"), ".+")

    for title, example in examples().items():
        message = example["error"]["message"] if " 40" in title and "error" in example else ""
        if " 401 " in title:
            assert message == messages["UNAUTHORIZED"]
        elif " 403 " in title and not title.endswith("other_user"):
            assert re.fullmatch(denied_by, message), title
