"""Examples of errors, each as the route that shows it answers; `tests/unit/contract/openapi` sends the requests."""

from __future__ import annotations

from typing import Any

REQUEST_ID = "5f0d3f5e-2f0a-4c1e-9d1b-6f2d1f0a7c11"


def failed(code: str, message: str, **more: Any) -> dict[str, Any]:
    """Return the answer to a request that failed."""
    return {"error": {"code": code, "message": message, **more}, "request_id": REQUEST_ID}


def broken(field: str, rule: str, code: str = "bad_request") -> dict[str, Any]:
    """Return the answer to a request with a field that broke a rule."""
    return failed(code, f"{field}: {rule}", field=field, rule=rule)


def forbidden(denial: str) -> dict[str, Any]:
    """Return the gateway's answer for a key that is refused, with the reason that the authoriser gives."""
    return failed("forbidden", f"The key is refused. {denial}")


# Of the gateway, and of several functions.
NO_KEY = failed(
    "unauthorized", "The request has no key, or several: send one in the header x-api-key, to POST /e in the address."
)
OTHER_USER = failed("forbidden", "the key may not read the recommendations or the history of this user")
SLOW_DOWN = failed("throttled", "too many requests at once; send them again later")

# Of producers.
TOO_LARGE = broken("body", "must be at most 1048576 bytes; send fewer events, or upload an object", "too_large")
BAD_UPLOAD = broken(
    "content_type",
    "must be one of application/gzip, application/vnd.apache.parquet, application/x-ndjson, text/csv",
)
UPLOAD_TOO_LARGE = broken("size_bytes", "must be at most 536870912; split the data into several objects", "too_large")
BAD_KIND = broken("kind", "must be one of interactions, items, users")
NO_OBJECT = broken("source", "names no object; upload it first", "not_found")
BAD_UPLOAD_ID = broken("id", "must be 32 hexadecimal digits, as POST /update-data answers them")
NO_UPLOAD = broken("id", "names no upload; POST /update-data answers with the id of one", "not_found")
UNREAD_UPLOAD = failed("unavailable", "the progress cannot be read; send the request again")

# Of lists.
BAD_COUNT = broken("num_results", "must be a whole number from 1 to 100")
UNKNOWN_USER = broken(
    "user_id",
    "'u-404' has neither events nor a description; use fallback=popular or GET /popular for new visitors",
    "not_found",
)
UNKNOWN_ITEM = broken("item_id", "'i-404' is not in the catalogue; add it with POST /update-data", "not_found")
GONE = broken("page", "is of an answer that is no longer stored; start again with page=first", "gone")
NO_ANSWER = failed("unavailable", "the recommender does not answer (ReadTimeoutError) and no earlier answer is stored")
BAD_CHOICE = broken("items", "must be 5 different item ids, these are 1")
UNKNOWN_CHOICE = broken("items[0]", "'i-404' is not in the catalogue", "not_found")
NO_LIST = failed(
    "unavailable",
    "the recommender does not answer (no list could be made for the visitor) and no earlier answer is stored",
)
NO_MODEL = failed("unavailable", "no model is deployed yet: POST /train trains and deploys one")
NO_EXECUTION = broken(
    "id", "names no execution; POST /recommendations?async=true answers with the id of one", "not_found"
)
UNREAD_EXECUTION = failed("unavailable", "the execution cannot be read (AccessDeniedException)")
NO_ITEMS_TO_RANK = broken("items", "is required")

# Of what is stored and what serves.
BAD_PRICES = broken("min_price", "must be at most max_price")
BAD_ITEM_ID = broken("item_id", "must have 1 to 256 characters, this one has 300")
UNREAD_ITEMS = failed("unavailable", "the table of items does not answer (ReadTimeoutError)")
NO_HISTORY = broken("user_id", "'u-404' has neither events nor a description", "not_found")
UNREAD_HISTORY = failed("unavailable", "the history does not answer (ReadTimeoutError)")
NO_PARAMETERS = broken("verbose", "is not known; known are: none")
NO_MODELS = failed("unavailable", "the recommender does not answer (ThrottlingException)")

# Of trainings.
BAD_TRAINER = broken("trainer", "must be one of personalize, sagemaker; without one it is personalize")
BAD_TRAINING_ID = broken("id", "must be 1 to 80 letters, digits, hyphens or underscores")
NO_TRAINING = broken("id", "names no training; POST /train answers with the id of one", "not_found")
NO_STATE_MACHINE = failed("unavailable", "the state machine cannot be reached (AccessDeniedException)")
