"""Errors of a request, each with its HTTP status and code."""

from __future__ import annotations

MAX_FIELD_CHARACTERS = 128
"""The start of a field's name that an answer repeats: a body may have a name of megabytes."""


class HttpError(Exception):
    """An answer other than success; its subclasses set status and code.

    Parameters
    ----------
    field
        The part of the request that was wrong, as the caller wrote it.
    retry_after_seconds
        When to retry, sent as `Retry-After`.
    """

    status = 500
    code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        rule: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.rule = rule
        self.retry_after_seconds = retry_after_seconds


class _InvalidFieldError(HttpError):
    """An error of one field, with the rule as the message, and a more specific code than the status has."""

    def __init__(self, field: str, rule: str, code: str | None = None) -> None:
        field = field[:MAX_FIELD_CHARACTERS]
        super().__init__(f"{field}: {rule}", field=field, rule=rule)
        if code is not None:
            self.code = code


class BadRequestError(_InvalidFieldError):
    """A field broke a rule: 400."""

    status = 400
    code = "bad_request"


class ForbiddenError(HttpError):
    """The caller may not do this: 403."""

    status = 403
    code = "forbidden"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class NotFoundError(_InvalidFieldError):
    """A field names something that does not exist: 404."""

    status = 404
    code = "not_found"


class GoneError(_InvalidFieldError):
    """A field names something that no longer exists: 410."""

    status = 410
    code = "gone"


class TooLargeError(_InvalidFieldError):
    """A field, or the body, is larger than the limit: 413."""

    status = 413
    code = "too_large"


class ThrottledError(HttpError):
    """The caller sends too many requests: 429 with `Retry-After`."""

    status = 429
    code = "throttled"

    def __init__(
        self, retry_after_seconds: int, message: str = "too many requests at once; send them again later"
    ) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)


class UnavailableError(HttpError):
    """A dependency of the function does not answer: 503 with `Retry-After`."""

    status = 503
    code = "unavailable"

    def __init__(
        self, retry_after_seconds: int, message: str = "temporarily unavailable; send the request again"
    ) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)
