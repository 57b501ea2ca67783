"""The JSON schemas of the API's answers."""

from __future__ import annotations

from typing import Any, get_args

from backend.contract.generators.api import FACTS
from backend.contract.lines.served_lists import Source
from backend.contract.refusal import REASONS

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_STATUSES = ["accepted", "refused", "suppressed", "retry"]


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def answer_schemas() -> dict[str, Schema]:
    """Return the schema of each answer by its name."""
    return {
        "Error": _object("error request_id", error=_ref("ErrorDetail"), request_id=_TEXT),
        "ErrorDetail": _error_detail(),
        "FieldError": _object(
            "field rule",
            field=_described(_TEXT, "Path of the field, such as properties.colour or impression[3]."),
            rule=_described(_TEXT, "What is required."),
        ),
        "Verdict": _verdict(),
        "EventVerdicts": _verdicts("events"),
        "RecordVerdicts": _verdicts("records"),
        "Started": _object(
            "id status_url",
            id=_described(_TEXT, "Id of the job."),
            status_url=_described(_TEXT, "Path of its progress."),
            state=_described({"type": "string", "enum": _UPLOAD_STATES}, "An upload's state."),
        ),
        "Upload": _upload(),
        "RowError": _object(
            "line field rule",
            line=_described(
                _COUNT,
                "Number of the record's first line in the object, from 1; a header is line 1. In Parquet, of its row.",
            ),
            field=_described(_TEXT, "Path of the field, or the record itself; at most 200 characters."),
            rule=_described(_TEXT, "What is required."),
        ),
        "UploadAddress": _object(
            "source method url headers expires_at",
            source=_described(_TEXT, "The object, for POST /update-data."),
            method={"type": "string", "enum": ["PUT"]},
            url=_described(_TEXT, "Where to put the object; it needs no key, so keep it as secret as one."),
            headers=_described(
                {"type": "object", "additionalProperties": _TEXT}, "The headers of the request, besides its length."
            ),
            expires_at=_described(_INSTANT, "Until when the upload must begin."),
        ),
        "Training": _training(),
        "Recommendations": _recommendations(),
        "Execution": _execution(),
        "Product": _product(),
        "Products": _object(
            "products",
            products={"type": "array", "items": _ref("Product")},
            next_page=_described(_TEXT, "The page that follows, where further products may follow."),
        ),
        "Categories": _object(
            "categories",
            categories={"type": "array", "items": _TEXT, "description": "Each once, in the order of their characters."},
        ),
        "History": _object(
            "user_id events",
            user_id=_TEXT,
            events={
                "type": "array",
                "items": _object("item_id event_type event_time", item_id=_TEXT, event_type=_TEXT, event_time=_INSTANT),
                "description": "The latest first.",
            },
        ),
        "Models": _object("models", models={"type": "array", "items": _ref("Model")}),
        "Model": _model(),
        "SystemInfo": _object(
            "project environment region release contract_version recommender limits",
            project=_TEXT,
            environment=_TEXT,
            region=_TEXT,
            release=_described(_TEXT, "The version of the function that answers."),
            contract_version=_described(_TEXT, "The version of this document."),
            recommender={"type": "string", "enum": ["amazon-personalize", "rivulet-engine"]},
            limits=_described(
                {"type": "object", "additionalProperties": _COUNT}, "The most that a request may have or ask for."
            ),
        ),
        "Health": _object(
            "status dependencies",
            status={"type": "string", "enum": ["ready", "degraded"]},
            dependencies=_described(_dependencies(), "The dependencies of the API and their health."),
        ),
        "TrainingRuns": {
            "allOf": [
                _ref("Error"),
                _object("id status_url", id=_described(_TEXT, "The training that conflicts."), status_url=_TEXT),
            ]
        },
    }


def _dependencies() -> Schema:
    return _object(
        "tables recommender",
        tables=_object(
            "status",
            status={"type": "string", "enum": ["ok", "failing"]},
            took_ms=_COUNT,
            reason=_described(_TEXT, "Why they do not answer."),
        ),
        recommender=_object(
            "status",
            status=_described(
                {"type": "string", "enum": ["answered", "unasked", "unknown"]},
                "Of its latest stored answer: answered, unasked while there is none, or unknown while the tables fail.",
            ),
            seconds_ago=_described(_COUNT, "The age of that answer."),
        ),
    )


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_UPLOAD_STATES = ["WAITING", "RUNNING", "SUCCEEDED", "FAILED"]


def _error_detail() -> Schema:
    return _object(
        "code message",
        code=_described(_TEXT, "The error in one word."),
        message=_described(_TEXT, "The error and what is required, in a sentence."),
        field=_described(_TEXT, "The part of the request that was wrong."),
        rule=_described(_TEXT, "The rule that it broke."),
    )


def _verdict() -> Schema:
    reasons = [*REASONS, "no_consent", "throttled", "unavailable"]
    return _object(
        "index status",
        index=_described(_COUNT, "Position in the request."),
        status=_described(
            {"type": "string", "enum": _STATUSES},
            "accepted: stored. refused: broke a rule, do not send it again as it is. suppressed: not stored, for lack "
            "of consent. retry: not stored, send it again.",
        ),
        event_id=_described(_TEXT, "The event's id, given or derived."),
        id=_described(_TEXT, "The item's or user's id."),
        errors={"type": "array", "items": _ref("FieldError"), "description": "Every broken rule, ten at most."},
        reason=_described({"type": "string", "enum": reasons}, "Why it was not accepted."),
    )


def _verdicts(name: str) -> Schema:
    return _object(
        f"request_id server_time accepted refused suppressed retry {name}",
        request_id=_TEXT,
        server_time=_described(_INSTANT, "The server's time when it answered, by which a page can correct its clock."),
        accepted=_COUNT,
        refused=_COUNT,
        suppressed=_COUNT,
        retry=_COUNT,
        error=_described(_ref("ErrorDetail"), "Where the status is not 202."),
        **{name: {"type": "array", "items": _ref("Verdict"), "description": "One per record, in order."}},
    )


def _upload() -> Schema:
    return _object(
        "id kind source state size_bytes created_at updated_at read accepted suppressed refused errors",
        id=_TEXT,
        kind={"type": "string", "enum": ["interactions", "items", "users"]},
        source=_TEXT,
        state={"type": "string", "enum": _UPLOAD_STATES},
        size_bytes=_COUNT,
        created_at=_INSTANT,
        updated_at=_INSTANT,
        read=_described(_COUNT, "Records read so far: accepted, suppressed and refused together."),
        accepted=_COUNT,
        suppressed=_COUNT,
        refused={"type": "object", "additionalProperties": _COUNT, "description": "Refused records by reason."},
        errors={
            "type": "array",
            "items": _ref("RowError"),
            "maxItems": 10,
            "description": "The first broken rules; the bad rows have those of every refused record.",
        },
        cause=_described(_TEXT, "Why it failed; an object of which no record is accepted fails as well."),
    )


def _training() -> Schema:
    return _object(
        "id status started",
        id=_TEXT,
        status={"type": "string", "enum": ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]},
        started=_INSTANT,
        stopped=_INSTANT,
        step=_described(_TEXT, "The current step, or the step in which it ended."),
        cause=_described(_TEXT, "Why it did not succeed."),
        output=_described(
            {},
            "The result: the imported rows, and for each campaign the version that serves, the version that was "
            "trained, its metrics, and the verdict with its reason and figures.",
        ),
    )


_SHOWN: Schema = {
    **dict.fromkeys(("title", "category", "brand", "availability"), _TEXT),
    "price": {"type": "number"},
    "picture": _described(_TEXT, "The item's property of this name."),
}
"""What a page shows of an item, as far as its record has it."""


def _product() -> Schema:
    return _object(
        "item_id",
        item_id=_TEXT,
        **_SHOWN,
        description=_described(_TEXT, "In the answer about one product."),
        properties=_described({"type": "object"}, "In the answer about one product: anything else, flat."),
    )


def _model() -> Schema:
    return _object(
        "solution recipe version status created_at metrics serves",
        solution=_TEXT,
        recipe=_described(_TEXT, "The recipe of the solution, such as aws-user-personalization-v2."),
        version=_described(_TEXT, "The id of the solution version, as served lists have it."),
        status=_described(_TEXT, "Of the version; only an ACTIVE one can serve."),
        created_at=_INSTANT,
        metrics={
            "type": "object",
            "additionalProperties": {"type": "number"},
            "description": "Of the version on its hold-out, by name; none before it is ACTIVE.",
        },
        serves=_described({"type": "boolean"}, "Whether a campaign serves this version."),
        campaign=_described(
            _TEXT, "The campaign that serves it: the model of its answers, by which requests name it, too."
        ),
    )


def _reason() -> Schema:
    return _object(
        "name weight",
        name=_described(
            _TEXT,
            "Where the part of the score is from: item:<id> for an item that the user interacted with, popularity, and "
            "so on; rest for the remainder.",
        ),
        weight=_described(
            {"type": "number"}, "Share of the score, negative where it lowers the score; the shares add up to 1."
        ),
    )


def _execution() -> Schema:
    return _object(
        "execution_id status",
        execution_id=_described(_TEXT, "Id of the execution, which nothing but this answer has: keep it to yourself."),
        status={"type": "string", "enum": ["RUNNING", "SUCCEEDED", "FAILED"]},
        status_url=_described(_TEXT, "Path of its state; in the answer to its start."),
        result=_described(_ref("Recommendations"), "Of one that succeeded."),
        reason=_described(_TEXT, "Why it failed."),
    )


def _recommendations() -> Schema:
    item = _object(
        "item_id",
        item_id=_TEXT,
        score=_described({"type": "number"}, "The recommender's score, if any."),
        promoted=_described({"type": "boolean"}, "True where the item is in the list by the request's promotion."),
        reasons={
            "type": "array",
            "items": _TEXT,
            "description": "The kind of recommendation, such as Popular item, where the request asks for explanations "
            "and the recommender gives it.",
        },
        because={
            "type": "array",
            "items": _reason(),
            "description": "The parts of the score, the largest first, where the request asks for explanations.",
        },
        details={
            "type": "object",
            "description": "The item's fields, where the request asks for details; empty for an item without a record.",
            "properties": _SHOWN,
        },
    )
    return _object(
        "items source recommendation_id model took_ms",
        user_id=_TEXT,
        item_id=_TEXT,
        items={"type": "array", "items": item, "description": "The best first."},
        unexplained=_described(_TEXT, "Why no item has a because, although the request asks for explanations."),
        next_page=_described(_TEXT, "Where to go on, where the request asks for pages and there are further items."),
        undescribed=_described(_TEXT, "Why no item has details, although the request asks for them."),
        source=_described(
            {"type": "string", "enum": [*get_args(Source)]},
            "The source of the answer. last_good and popular are fallbacks while the recommender does not answer; "
            "popular is also that of an unknown user or item with fallback=popular. chosen, facts and "
            "chosen_and_facts are what the list of a visitor is made from.",
        ),
        recommendation_id=_described(
            {"type": ["string", "null"]}, "Send it with the events that follow from this answer."
        ),
        model=_described(
            _TEXT,
            "The campaign that answered. Of a list that several lists are merged into, all of them, joined by +; "
            "popular-by-fact is the list of the users who share a fact.",
        ),
        facts={
            "type": "array",
            "items": {"type": "string", "enum": [*FACTS]},
            "description": "Of POST /recommendations: the stated facts for which there was a list; of an execution, "
            "all that are stated.",
        },
        variation=_described(_TEXT, "The variation that the request stated, for the events that follow."),
        took_ms=_COUNT,
    )
