"""The API's routes: the request and the answers of each, with examples."""

from __future__ import annotations

from typing import Any

from backend.contract.access.roles import ROUTES
from backend.contract.generators.api import ID, Schema
from backend.contract.generators.examples import (
    BAD_REQUEST,
    CONFLICT,
    EVENT,
    EVENT_VERDICTS,
    EVENTS,
    EXPLAINED,
    FORBIDDEN,
    HEALTH,
    NEW_UPLOAD,
    NO_ANSWER,
    NO_KEY,
    NOT_FOUND,
    RECOMMENDATIONS,
    RECORD_VERDICTS,
    REFUSED_EVENTS,
    RERANK,
    SLOW_DOWN,
    STARTED_TRAINING,
    STARTED_UPLOAD,
    THROTTLED,
    TOO_LARGE,
    TRAINED,
    TRAINING,
    UNAVAILABLE,
    UPDATE_DATA,
    UPLOAD,
    UPLOAD_ADDRESS,
)

_JSON = "application/json"
SCHEMES = {"header": "key", "query": "page_key"}
"""The security scheme of each place of a key."""

_RETRY_AFTER: Schema = {
    "Retry-After": {"description": "Seconds after which to retry.", "schema": {"type": "integer", "minimum": 1}}
}


def paths() -> dict[str, Schema]:
    """Return every path with its operations, each with the roles of which a caller needs one."""
    described = _paths()
    for route, access in ROUTES.items():
        method, path = route.split(" ")
        operation = described[path][method.lower()]
        operation["security"] = [{SCHEMES[access.credential]: [role]} for role in access.roles]
        if access.roles:
            answers = {
                "401": _answer("The request has no key.", "Error", NO_KEY),
                "403": _answer("The key is not valid, or its roles do not permit this.", "Error", FORBIDDEN),
            }
            operation["responses"] = dict(sorted({**operation["responses"], **answers}.items()))
    return described


def _paths() -> dict[str, Schema]:
    return {
        "/events": {"post": _post_events()},
        "/uploads": {"post": _post_uploads()},
        "/e": {"post": _post_events_of_a_page()},
        "/update-data": {"post": _post_update_data()},
        "/update-data/{id}": {"get": _get_update_data()},
        "/recommendations/{user_id}": {"get": _get_recommendations()},
        "/similar-items/{item_id}": {"get": _get_similar_items()},
        "/popular": {"get": _get_popular()},
        "/rerank": {"post": _post_rerank()},
        "/health": {"get": _get_health()},
        "/train": {"post": _post_train()},
        "/train/{id}": {"get": _get_train()},
    }


def _post_events() -> Schema:
    return _operation(
        "postEvents",
        "producers",
        "Send one event, or up to 500",
        "At most 1 MiB, plain or with content-encoding gzip. Each event has its own verdict; accepted events are in "
        "the stream. Sending an event twice is harmless, since its id, given or derived, is the same.",
        body=_body("EventBatch", one=EVENT, several=EVENTS),
        answers={
            "202": _answer("Every valid event is stored.", "EventVerdicts", EVENT_VERDICTS),
            "400": _answer("Every event is refused.", ["EventVerdicts", "Error"], REFUSED_EVENTS),
            "413": _answer("The body is larger than 1 MiB.", "Error", TOO_LARGE),
            "429": _retry(
                "Some events are not stored, since the stream is full.", ["EventVerdicts", "Error"], THROTTLED
            ),
            "503": _retry("Some events are not stored.", ["EventVerdicts", "Error"], UNAVAILABLE),
        },
    )


def _post_uploads() -> Schema:
    return _operation(
        "postUploads",
        "producers",
        "Get an address for an upload",
        "The address takes one object of the stated size, content type and SHA-256, by PUT with the headers of the "
        "answer, within 15 minutes; S3 refuses any other with 403 or 400, and a second one with 412. Then send its "
        "source to POST /update-data.",
        body=_body("NewUpload", example=NEW_UPLOAD),
        answers={
            "201": _answer("The address.", "UploadAddress", UPLOAD_ADDRESS),
            "400": _answer("The body does not have the documented form.", "Error", BAD_REQUEST),
            "413": _answer("The object would be larger than 512 MiB.", "Error", TOO_LARGE),
        },
    )


def _post_events_of_a_page() -> Schema:
    operation = _post_events()
    description = (
        "As POST /events, for the pages of a shop: the key of a page is in the address, and the body is JSON of any "
        "content type, such as text/plain, so that a browser sends no preflight request. The key may name the origins "
        "of the pages. Each event is marked as sent by a page."
    )
    return {
        **operation,
        "operationId": "postEventsOfAPage",
        "summary": "Send events from a page",
        "description": description,
        "requestBody": {**operation["requestBody"], "description": "JSON, whatever the content type says."},
    }


def _post_update_data() -> Schema:
    return _operation(
        "postUpdateData",
        "producers",
        "Send interactions, items or users in bulk",
        "Up to 500 records in the body, or an object of up to 512 MiB at an address of POST /uploads: JSON lines, or "
        "CSV with the fields as header, plain or gzip. A request for an object is answered at once, and the object is "
        "processed afterwards; a repeated request processes it once.",
        body=_body("UpdateData", **UPDATE_DATA),
        answers={
            "202": _answer(
                "Every valid record is stored, or the upload has started.",
                ["EventVerdicts", "RecordVerdicts", "Started"],
                RECORD_VERDICTS,
                upload=STARTED_UPLOAD,
            ),
            "400": _answer("Every record is refused.", ["EventVerdicts", "RecordVerdicts", "Error"], BAD_REQUEST),
            "404": _answer("The source names no object, or the announced one has not arrived.", "Error", NOT_FOUND),
            "413": _answer("The body or the object is too large.", "Error", TOO_LARGE),
            "429": _retry("Some records are not stored.", ["EventVerdicts", "RecordVerdicts", "Error"], THROTTLED),
            "503": _retry("Some records are not stored.", ["EventVerdicts", "RecordVerdicts", "Error"], UNAVAILABLE),
        },
    )


def _get_update_data() -> Schema:
    return _operation(
        "getUpdateData",
        "producers",
        "Get the progress of an upload",
        "read is the sum of accepted, suppressed and refused.",
        parameters=[_in_path("id", "The upload's id.", {"type": "string", "pattern": "^[0-9a-f]{32}$"}, UPLOAD["id"])],
        answers={
            "200": _answer("The progress.", "Upload", UPLOAD),
            "400": _answer("The id is malformed.", "Error", BAD_REQUEST),
            "404": _answer("The id names no upload.", "Error", NOT_FOUND),
        },
    )


def _get_recommendations() -> Schema:
    return _recommendation_operation(
        "getRecommendations",
        "Recommend items to a user",
        [_in_path("user_id", "The user, or session# and the session id of an anonymous user.", ID, "u-1042")],
        "The user has neither events nor a description.",
    )


def _get_similar_items() -> Schema:
    return _recommendation_operation(
        "getSimilarItems",
        "Get items similar to an item",
        [_in_path("item_id", "The item.", ID, "i-318"), _FILTER_USER],
        "The item is not in the catalogue.",
    )


def _get_popular() -> Schema:
    return _recommendation_operation("getPopular", "Get popular items", [_FILTER_USER], None)


def _recommendation_operation(name: str, summary: str, parameters: list[Schema], unknown: str | None) -> Schema:
    answers = {
        "200": _answer(
            "The items, and the source of the answer.", "Recommendations", RECOMMENDATIONS, explained=EXPLAINED
        ),
        "400": _answer("A parameter broke its rule.", "Error", BAD_REQUEST),
        "503": _retry("There is neither an answer nor a fallback.", "Error", NO_ANSWER),
    }
    if unknown:
        answers["404"] = _answer(unknown, "Error", NOT_FOUND)
    return _operation(
        name,
        "applications",
        summary,
        "Where the recommender does not answer in time, the fallback is the last good answer, then popular items.",
        parameters=[*parameters, *_RECOMMENDATION_PARAMETERS],
        answers=answers,
    )


_RECOMMENDATION_PARAMETERS: list[Schema] = [
    {
        "name": "num_results",
        "in": "query",
        "description": "Number of items.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
        "example": 10,
    },
    {
        "name": "explain",
        "in": "query",
        "description": "Whether to explain why each item is recommended: its reasons and because. At most 50 items "
        "then. Where the recommender gives no explanations, unexplained has the reason.",
        "schema": {"type": "boolean", "default": False},
        "example": True,
    },
    {
        "name": "filter",
        "in": "query",
        "description": "Name of a filter of model/solutions, which the items of every answer pass, of a fallback too.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 256},
        "example": "category",
    },
    {
        "name": "filter_values",
        "in": "query",
        "description": "Values of the filter's parameters, as filter_values[CATEGORY]=shoes; repeated for several.",
        "style": "deepObject",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "example": {"CATEGORY": ["shoes"]},
    },
]


_FILTER_USER: Schema = {
    "name": "user_id",
    "in": "query",
    "description": "The user whom the filter concerns, such as the buyer of not-bought; only with a filter.",
    "schema": ID,
    "example": "u-1042",
}


def _post_rerank() -> Schema:
    return _operation(
        "postRerank",
        "applications",
        "Order items for a user",
        "Returns all the items, or those that pass the filter, the best first.",
        body=_body("Rerank", example=RERANK),
        answers={
            "200": _answer("The items in order.", "Recommendations", RECOMMENDATIONS),
            "400": _answer("A field broke its rule.", "Error", BAD_REQUEST),
            "404": _answer("The user has neither events nor a description.", "Error", NOT_FOUND),
            "503": _retry("There is neither an answer nor a fallback.", "Error", NO_ANSWER),
        },
    )


def _get_health() -> Schema:
    return _operation(
        "getHealth",
        "applications",
        "Get the health of the API",
        "Needs no key.",
        answers={"200": _answer("The health.", "Health", HEALTH)},
    )


def _post_train() -> Schema:
    operation = _operation(
        "postTrain",
        "operators",
        "Start a training",
        "Builds the data sets, imports them, trains, and deploys a new version that is not worse than the serving one. "
        "A client token makes sending the request twice harmless. One training runs at a time: of two that start at "
        "once one is ABORTED, with a cause that names the other.",
        body=_body("Train", example={"client_token": "2026-01-31"}, custom={"trainer": "sagemaker"}),
        answers={
            "202": _answer("The training has started.", "Started", STARTED_TRAINING),
            "400": _answer("The body does not have the documented form.", "Error", BAD_REQUEST),
            "409": _answer(
                "A training is running, posted or scheduled, and has the `id`; or the token's training has another "
                "trainer.",
                "TrainingRuns",
                CONFLICT,
            ),
            "429": _retry("Too many requests at once.", "Error", SLOW_DOWN),
            "503": _retry("The training could not be started.", "Error", NO_ANSWER),
        },
    )
    operation["requestBody"]["required"] = False
    return operation


def _get_train() -> Schema:
    return _operation(
        "getTrain",
        "operators",
        "Get the progress of a training",
        "A failed training has its step and cause; a successful one has the version that serves and the reason: a new "
        "version is deployed only where it is not worse, beyond the noise, than the one that served.",
        parameters=[
            _in_path("id", "The training's id.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,80}$"}, TRAINING["id"])
        ],
        answers={
            "200": _answer("The progress.", "Training", TRAINING, succeeded=TRAINED),
            "400": _answer("The id is malformed.", "Error", BAD_REQUEST),
            "404": _answer("The id names no training.", "Error", NOT_FOUND),
            "429": _retry("Too many requests at once.", "Error", SLOW_DOWN),
            "503": _retry("The progress could not be read.", "Error", NO_ANSWER),
        },
    )


def _operation(
    name: str,
    tag: str,
    summary: str,
    description: str,
    *,
    answers: dict[str, Schema],
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
) -> Schema:
    operation: Schema = {"operationId": name, "tags": [tag], "summary": summary, "description": description}
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = body
    operation["responses"] = answers
    return operation


def _in_path(name: str, description: str, schema: Schema, example: Any) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def _body(name: str, **examples: Any) -> Schema:
    return {
        "required": True,
        "content": {
            _JSON: {
                "schema": {"$ref": f"#/components/schemas/{name}"},
                "examples": {title: {"value": value} for title, value in examples.items()},
            }
        },
    }


def _answer(description: str, names: str | list[str], example: Any, **more: Any) -> Schema:
    """Return an answer of one of several schemas, with an example of one of them."""
    references = [{"$ref": f"#/components/schemas/{name}"} for name in ([names] if isinstance(names, str) else names)]
    schema: Schema = references[0] if len(references) == 1 else {"anyOf": references}
    examples = {"example": {"value": example}, **{title: {"value": value} for title, value in more.items()}}
    return {"description": description, "content": {_JSON: {"schema": schema, "examples": examples}}}


def _retry(description: str, names: str | list[str], example: Any) -> Schema:
    return {**_answer(description, names, example), "headers": _RETRY_AFTER}
