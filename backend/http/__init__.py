"""HTTP for the Lambda functions behind API Gateway: requests, answers, and errors with their statuses."""

from backend.http.answer import Answer, answer
from backend.http.errors import (
    BadRequestError,
    ForbiddenError,
    GoneError,
    HttpError,
    NotFoundError,
    ThrottledError,
    TooLargeError,
    UnavailableError,
)
from backend.http.numbers import whole_number
from backend.http.request import Caller, Request
from backend.http.routes import routes

__all__ = [
    "Answer",
    "BadRequestError",
    "Caller",
    "ForbiddenError",
    "GoneError",
    "HttpError",
    "NotFoundError",
    "Request",
    "ThrottledError",
    "TooLargeError",
    "UnavailableError",
    "answer",
    "routes",
    "whole_number",
]
