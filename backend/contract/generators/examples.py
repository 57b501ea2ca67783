"""Examples of requests and answers of one user, who looks for walking boots."""

from __future__ import annotations

from typing import Any

from backend.contract.generators.errors import REQUEST_ID, failed

_SERVER_TIME = "2026-01-31T12:00:01.250Z"

EVENT: dict[str, Any] = {
    "event_id": "6f1c2b9a0d5e4f8891c3a7b2e4d6f801",
    "event_type": "Click",
    "timestamp": "2026-01-31T12:00:00.000Z",
    "user_id": "u-1042",
    "session_id": "s-7f3a",
    "item_id": "i-318",
    "impression": ["i-318", "i-42", "i-7"],
    "recommendation_id": "RID-1f2e3d4c",
    "properties": {"campaign": "spring"},
    "visitor_id": "v-90c1",
    "position": 1,
    "slot": "home-top",
    "model": "user-personalization",
    "source": "recommender",
    "device": "phone",
}
EVENTS: list[dict[str, Any]] = [
    EVENT,
    {
        "event_type": "Purchase",
        "timestamp": "2026-01-31T13:04:09.250+01:00",
        "user_id": "u-1042",
        "session_id": "s-7f3a",
        "item_id": "i-318",
        "event_value": 129.0,
        "order_id": "o-2207",
        "quantity": 1,
        "currency": "EUR",
    },
    {
        "event_type": "Impression",
        "timestamp": "2026-01-31T11:59:58Z",
        "session_id": "s-7f3a",
        "impression": ["i-318", "i-42", "i-7"],
        "positions": [1, 2, 3],
        "recommendation_id": "RID-1f2e3d4c",
        "slot": "home-top",
        "variation": "control",
    },
    {"event_type": "Search", "timestamp": "2026-01-31T12:05:00Z", "session_id": "s-7f3b"},
]
_ITEM: dict[str, Any] = {
    "item_id": "i-318",
    "title": "Walking boots",
    "category": "Shoes|Boots",
    "brand": "Northway",
    "price": 129.0,
    "availability": "in_stock",
    "description": "Waterproof, made for long days.",
    "created_at": "2025-06-01T00:00:00Z",
    "properties": {"colour": "brown"},
}
_USER: dict[str, Any] = {
    "user_id": "u-1042",
    "age_group": "25-34",
    "interests": "Hiking|Cooking",
    "membership": "gold",
    "country": "DE",
    "region": "Bavaria",
    "city": "Munich",
    "device": "phone",
}
UPDATE_DATA: dict[str, Any] = {
    "interactions": {"kind": "interactions", "records": EVENTS},
    "items": {"kind": "items", "records": [_ITEM]},
    "users": {"kind": "users", "records": [_USER]},
    "upload": {"kind": "items", "source": "s3://rivulet-production-123456789012-uploads/catalogue.csv.gz"},
}
RERANK: dict[str, Any] = {"user_id": "u-1042", "items": ["i-42", "i-7", "i-318"]}

VISITOR: dict[str, Any] = {
    "items": ["i-318", "i-42", "i-7", "i-55", "i-90"],
    "facts": {"age_group": "25-34", "interests": ["Hiking", "Cooking"], "country": "DE"},
    "num_results": 2,
    "slot": "home-top",
}


def _verdicts(name: str, *verdicts: dict[str, Any], **more: Any) -> dict[str, Any]:
    counts = {
        status: sum(verdict["status"] == status for verdict in verdicts)
        for status in ("accepted", "refused", "suppressed", "retry")
    }
    return {"request_id": REQUEST_ID, "server_time": _SERVER_TIME, **counts, name: list(verdicts), **more}


def _refused(index: int, field: str, rule: str) -> dict[str, Any]:
    return {"index": index, "status": "refused", "errors": [{"field": field, "rule": rule}], "reason": "too_long"}


EVENT_VERDICTS = _verdicts(
    "events",
    {"index": 0, "status": "accepted", "event_id": EVENT["event_id"]},
    _refused(1, "item_id", "must be at most 256 characters"),
)
RECORD_VERDICTS = _verdicts(
    "records",
    {"index": 0, "status": "accepted", "id": "i-318"},
    _refused(1, "title", "must be at most 1000 characters"),
)
REFUSED_EVENTS = _verdicts(
    "events",
    _refused(0, "item_id", "must be at most 256 characters"),
    error={
        "code": "too_long",
        "message": "none of 1 could be accepted",
        "field": "item_id",
        "rule": "must be at most 256 characters",
    },
)
_RETRY = {"index": 0, "status": "retry", "event_id": EVENT["event_id"], "reason": "throttled"}
_SEND_AGAIN = "1 of 1 are not stored; send those whose status is retry again"
THROTTLED = _verdicts("events", _RETRY, error={"code": "throttled", "message": _SEND_AGAIN})
UNAVAILABLE = _verdicts(
    "events", {**_RETRY, "reason": "unavailable"}, error={"code": "unavailable", "message": _SEND_AGAIN}
)
NEW_UPLOAD = {
    "size_bytes": 184220,
    "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "content_type": "text/csv",
}
UPLOAD_ADDRESS = {
    "source": "s3://rivulet-production-123456789012-uploads/incoming/8d1f0a4c6e2b4d7f9a3c5e7b1d2f4a6c/"
    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae-184220",
    "method": "PUT",
    "url": "https://rivulet-production-123456789012-uploads.s3.eu-central-1.amazonaws.com/incoming/…",
    "headers": {
        "Content-Type": "text/csv",
        "If-None-Match": "*",
        "x-amz-checksum-sha256": "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=",
    },
    "expires_at": "2026-01-31T12:15:00.000Z",
}
STARTED_UPLOAD = {
    "id": "0f6c9a3e5b7d42f18c2a9e4d6b8f0a13",
    "status_url": "/update-data/0f6c9a3e5b7d42f18c2a9e4d6b8f0a13",
    "state": "WAITING",
}
UPLOAD: dict[str, Any] = {
    "id": STARTED_UPLOAD["id"],
    "kind": "items",
    "source": UPDATE_DATA["upload"]["source"],
    "state": "SUCCEEDED",
    "size_bytes": 184220,
    "created_at": "2026-01-31T12:00:00Z",
    "updated_at": "2026-01-31T12:00:04Z",
    "read": 1000,
    "accepted": 998,
    "suppressed": 0,
    "refused": {"too_long": 2},
    "errors": [
        {"line": 18, "field": "title", "rule": "must be at most 1000 characters"},
        {"line": 407, "field": "title", "rule": "must be at most 1000 characters"},
    ],
}
_LISTED: dict[str, Any] = {
    "items": [{"item_id": "i-42", "score": 0.31}, {"item_id": "i-7", "score": 0.12}],
    "source": "recommender",
    "recommendation_id": "RID-9a8b7c6d",
}
RECOMMENDATIONS: dict[str, Any] = {
    "user_id": "u-1042",
    **_LISTED,
    "model": "rivulet-production-user-personalization",
    "took_ms": 12,
}
SIMILAR_ITEMS: dict[str, Any] = {
    "item_id": "i-318",
    **_LISTED,
    "model": "rivulet-production-similar-items",
    "took_ms": 11,
}
POPULAR: dict[str, Any] = {**_LISTED, "model": "rivulet-production-popular", "took_ms": 9}
RANKED: dict[str, Any] = {
    "user_id": "u-1042",
    **_LISTED,
    "items": [*_LISTED["items"], {"item_id": "i-318", "score": 0.08}],
    "model": "rivulet-production-ranking",
    "took_ms": 14,
}
FOR_A_VISITOR: dict[str, Any] = {
    "items": [{"item_id": "i-12"}, {"item_id": "i-204"}],
    "source": "chosen_and_facts",
    "facts": ["age_group", "interests"],
    "recommendation_id": None,
    "model": "popular-by-fact+rivulet-production-popular+rivulet-production-similar-items",
    "took_ms": 31,
}
_EXECUTION = {"execution_id": "0b9f3c1e-5d7a-4e52-9c41-6a8e2f7d1b30"}
STARTED_EXECUTION: dict[str, Any] = {
    **_EXECUTION,
    "status": "RUNNING",
    "status_url": f"/executions/{_EXECUTION['execution_id']}",
}
RUNNING_EXECUTION: dict[str, Any] = {**_EXECUTION, "status": "RUNNING"}
SUCCEEDED_EXECUTION: dict[str, Any] = {
    **_EXECUTION,
    "status": "SUCCEEDED",
    "result": {
        "user_id": f"session#{_EXECUTION['execution_id']}",
        "items": [{"item_id": "i-12", "score": 0.31}, {"item_id": "i-204", "score": 0.12}],
        "source": "chosen_and_facts",
        "facts": ["age_group", "interests"],
        "recommendation_id": "RID-6c1e2f6f",
        "model": "rivulet-production-user-personalization",
        "took_ms": 3420,
    },
}
FAILED_EXECUTION: dict[str, Any] = {
    **_EXECUTION,
    "status": "FAILED",
    "reason": "the execution failed with PersonalizeEvents.PersonalizeEventsException; start another",
}
EXPLAINED_ITEM: dict[str, Any] = {
    "item_id": "i-42",
    "score": 0.31,
    "because": [
        {"name": "item:i-318", "weight": 0.62},
        {"name": "popularity", "weight": 0.2},
        {"name": "rest", "weight": 0.18},
    ],
}
DESCRIBED_ITEM: dict[str, Any] = {
    "item_id": "i-42",
    "score": 0.31,
    "details": {
        "title": "Canvas shoe",
        "category": "Shoes|Sneakers",
        "brand": "Northway",
        "price": 49.5,
        "availability": "in_stock",
    },
}
PRODUCTS: dict[str, Any] = {
    "products": [
        {
            "item_id": "i-318",
            "title": "Walking boots",
            "category": "Shoes|Boots",
            "brand": "Northway",
            "price": 129.0,
            "availability": "in_stock",
        }
    ],
    "next_page": "WyJlM2Y2NWZlMGM5ZWU0N2I0IiwiaS0zMTgiLCJTaG9lc3xCb290cyIsIndhbGtpbmcgYm9vdHMiXQ",
}
PRODUCT: dict[str, Any] = {
    **PRODUCTS["products"][0],
    "description": _ITEM["description"],
    "properties": _ITEM["properties"],
}
CATEGORIES: dict[str, Any] = {"categories": ["Shoes|Boots"]}
HISTORY: dict[str, Any] = {
    "user_id": "u-1042",
    "events": [
        {"item_id": "i-318", "event_type": "Purchase", "event_time": "2026-01-31T12:04:09.250Z"},
        {"item_id": "i-318", "event_type": "Click", "event_time": "2026-01-31T12:00:00.000Z"},
    ],
}
MODELS: dict[str, Any] = {
    "models": [
        {
            "solution": "rivulet-production-user-personalization",
            "recipe": "aws-user-personalization-v2",
            "version": "1f2e3d4c",
            "status": "ACTIVE",
            "created_at": "2026-01-31T12:00:00.000Z",
            "metrics": {"coverage": 0.42, "normalized_discounted_cumulative_gain_at_25": 0.1093},
            "serves": True,
            "campaign": "rivulet-production-user-personalization",
        },
        {
            "solution": "rivulet-production-user-personalization",
            "recipe": "aws-user-personalization-v2",
            "version": "0e1d2c3b",
            "status": "CREATE FAILED",
            "created_at": "2026-01-24T12:00:00.000Z",
            "metrics": {},
            "serves": False,
        },
    ]
}
SYSTEM_INFO: dict[str, Any] = {
    "project": "rivulet",
    "environment": "production",
    "region": "eu-central-1",
    "release": "17",
    "contract_version": "1",
    "recommender": "amazon-personalize",
    "limits": {
        "events_per_request": 500,
        "items_per_list": 100,
        "items_per_explained_list": 50,
        "reranked_items": 500,
        "products_per_page": 100,
        "events_of_history": 100,
    },
}
HEALTH: dict[str, Any] = {
    "status": "ready",
    "dependencies": {
        "tables": {"status": "ok", "took_ms": 3},
        "recommender": {"status": "answered", "seconds_ago": 41},
    },
}
TRAIN = {"client_token": "2026-01-31"}
STARTED_TRAINING = {"id": "2026-01-31", "status_url": "/train/2026-01-31"}
CONFLICT = {
    **failed(
        "conflict",
        "train: must wait for the training that is running, 2026-01-31",
        field="train",
        rule="must wait for the training that is running",
    ),
    **STARTED_TRAINING,
}
TRAINING: dict[str, Any] = {
    "id": STARTED_TRAINING["id"],
    "status": "FAILED",
    "started": "2026-01-31T12:00:00.000Z",
    "stopped": "2026-01-31T12:03:00.000Z",
    "step": "ImportFailed",
    "cause": "The training failed at ImportFailed with ImportFailed: Import interactions: 3 rows are invalid",
}
_TRAINED_ARN = "arn:aws:personalize:eu-central-1:123456789012"
TRAINED: dict[str, Any] = {
    "id": STARTED_TRAINING["id"],
    "status": "SUCCEEDED",
    "started": "2026-01-31T12:00:00.000Z",
    "stopped": "2026-01-31T12:41:00.000Z",
    "output": {
        "RunId": STARTED_TRAINING["id"],
        "Imports": [{"Dataset": "rivulet-production-interactions", "Rows": 48663}],
        "Deployments": [
            {
                "CampaignArn": f"{_TRAINED_ARN}:campaign/rivulet-production-user-personalization",
                "SolutionVersionArn": f"{_TRAINED_ARN}:solution/rivulet-production-user-personalization/1f2e3d4c",
                "TrainedVersionArn": f"{_TRAINED_ARN}:solution/rivulet-production-user-personalization/5b6a7988",
                "Verdict": {
                    "kept": "champion",
                    "version": f"{_TRAINED_ARN}:solution/rivulet-production-user-personalization/1f2e3d4c",
                    "reason": "The champion stays, since the challenger is worse in "
                    "normalized_discounted_cumulative_gain_at_25: among new_users 0.0412 against 0.0871, more than the "
                    "noise of 0.0219.",
                },
            }
        ],
    },
}
