"""The JSON schemas of the API's answers."""

from __future__ import annotations

from typing import Any

from backend.contract.refusal import REASONS

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_STATUSES = ["accepted", "refused", "suppressed", "retry"]


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


def _said(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def answer_schemas() -> dict[str, Schema]:
    """Return the schema of each answer by its name."""
    return {
        "Error": _object("error request_id", error=_ref("ErrorDetail"), request_id=_TEXT),
        "ErrorDetail": _error_detail(),
        "FieldError": _object(
            "field rule",
            field=_said(_TEXT, "Path of the field, such as properties.colour or impression[3]."),
            rule=_said(_TEXT, "What would be right."),
        ),
        "Verdict": _verdict(),
        "EventVerdicts": _verdicts("events"),
        "RecordVerdicts": _verdicts("records"),
        "Started": _object(
            "id status_url",
            id=_said(_TEXT, "What to ask about."),
            status_url=_said(_TEXT, "The path to ask at."),
            state=_said({"type": "string", "enum": _UPLOAD_STATES}, "An upload's state."),
        ),
        "Upload": _upload(),
        "Training": _training(),
        "Recommendations": _recommendations(),
        "Health": _object(
            "status dependencies",
            status={"type": "string", "enum": ["ready", "degraded"]},
            dependencies=_said({"type": "object"}, "What answers depend on, and how that is."),
        ),
        "TrainingRuns": {
            "allOf": [
                _ref("Error"),
                _object("id status_url", id=_said(_TEXT, "The training that is in the way."), status_url=_TEXT),
            ]
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_UPLOAD_STATES = ["WAITING", "RUNNING", "SUCCEEDED", "FAILED"]


def _error_detail() -> Schema:
    return _object(
        "code message",
        code=_said(_TEXT, "What was wrong, in one word."),
        message=_said(_TEXT, "What was wrong and what would be right, for people to read."),
        field=_said(_TEXT, "The part of the request that was wrong."),
        rule=_said(_TEXT, "The rule that it broke."),
    )


def _verdict() -> Schema:
    reasons = [*REASONS, "no_consent", "throttled", "unavailable"]
    return _object(
        "index status",
        index=_said(_COUNT, "Position in the request."),
        status=_said(
            {"type": "string", "enum": _STATUSES},
            "accepted: stored. refused: broke a rule, do not send it again as it is. suppressed: not stored, for lack "
            "of consent. retry: not stored, send it again.",
        ),
        event_id=_said(_TEXT, "The event's id, given or derived."),
        id=_said(_TEXT, "The item's or user's id."),
        errors={"type": "array", "items": _ref("FieldError"), "description": "Every broken rule, ten at most."},
        reason=_said({"type": "string", "enum": reasons}, "Why it was not accepted."),
    )


def _verdicts(name: str) -> Schema:
    return _object(
        f"request_id accepted refused suppressed retry {name}",
        request_id=_TEXT,
        accepted=_COUNT,
        refused=_COUNT,
        suppressed=_COUNT,
        retry=_COUNT,
        error=_said(_ref("ErrorDetail"), "Where the status is not 202."),
        **{name: {"type": "array", "items": _ref("Verdict"), "description": "One per record, in order."}},
    )


def _upload() -> Schema:
    return _object(
        "id kind source state size_bytes created_at updated_at read accepted suppressed refused",
        id=_TEXT,
        kind={"type": "string", "enum": ["interactions", "items", "users"]},
        source=_TEXT,
        state={"type": "string", "enum": _UPLOAD_STATES},
        size_bytes=_COUNT,
        created_at=_INSTANT,
        updated_at=_INSTANT,
        read=_said(_COUNT, "Records read so far: accepted, suppressed and refused together."),
        accepted=_COUNT,
        suppressed=_COUNT,
        refused={"type": "object", "additionalProperties": _COUNT, "description": "Refused records by reason."},
        cause=_said(_TEXT, "Why it failed."),
    )


def _training() -> Schema:
    return _object(
        "id status started",
        id=_TEXT,
        status={"type": "string", "enum": ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]},
        started=_INSTANT,
        stopped=_INSTANT,
        step=_said(_TEXT, "The step that it is at, or ended at."),
        cause=_said(_TEXT, "Why it did not succeed."),
        output=_said(
            {},
            "What it did: rows imported, and for each campaign the version that serves, the version that was trained, "
            "its metrics, and the verdict: which of both was kept, why, and by what figures.",
        ),
    )


def _reason() -> Schema:
    return _object(
        "name weight",
        name=_said(
            _TEXT,
            "What the part comes from: item:<id> for something that the person touched, popularity, and the like; rest "
            "for all that is left.",
        ),
        weight=_said({"type": "number"}, "Share of the score, below 0 where it speaks against; together they are 1."),
    )


def _recommendations() -> Schema:
    item = _object(
        "item_id",
        item_id=_TEXT,
        score=_said({"type": "number"}, "The recommender's, where it gives one."),
        reasons={
            "type": "array",
            "items": _TEXT,
            "description": "What kind of recommendation it is, where the request asks to explain and the recommender "
            "tells, such as Popular item.",
        },
        because={
            "type": "array",
            "items": _reason(),
            "description": "What its score is made of, the largest part first, where the request asks to explain.",
        },
    )
    return _object(
        "items source recommendation_id model took_ms",
        user_id=_TEXT,
        item_id=_TEXT,
        items={"type": "array", "items": item, "description": "Best first."},
        unexplained=_said(_TEXT, "Why no item has a because, where the request asks to explain and none has."),
        source=_said(
            {"type": "string", "enum": ["recommender", "cache", "last_good", "popular"]},
            "What the answer came from; the last two stand in for a recommender that does not answer.",
        ),
        recommendation_id=_said({"type": ["string", "null"]}, "Send it with the events that follow from this answer."),
        model=_said(_TEXT, "The campaign that answered."),
        took_ms=_COUNT,
    )
