"""What every HTTP function shares: the request as API Gateway sends it, the answer, the errors and their statuses."""

from backend.http.answer import Answer, answer
from backend.http.errors import (
    BadRequest,
    Conflict,
    HttpError,
    NotFound,
    Throttled,
    TooLarge,
    Unavailable,
)
from backend.http.request import Request
from backend.http.routes import routes

__all__ = [
    "Answer",
    "BadRequest",
    "Conflict",
    "HttpError",
    "NotFound",
    "Request",
    "Throttled",
    "TooLarge",
    "Unavailable",
    "answer",
    "routes",
]
