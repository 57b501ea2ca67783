"""What can be wrong with a request, and the status that says so."""

# ruff: noqa: N818 - a status has a name of its own, which "Error" at its end would not make clearer

from __future__ import annotations


class HttpError(Exception):
    """An answer other than success; its children carry status and code.

    Parameters
    ----------
    message
        What was wrong and what would be right, for the caller to read.
    field
        The part of the request that was wrong, as the caller wrote it.
    rule
        The rule that it broke.
    retry_after_seconds
        When to come again, sent as `Retry-After`.
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


class _FieldError(HttpError):
    """An error of one field, whose rule is the message.

    Parameters
    ----------
    field, rule
        The part of the request that was wrong, and the rule that it broke.
    code
        A word for what was wrong, where there is one that says more than the status does.
    """

    def __init__(self, field: str, rule: str, code: str | None = None) -> None:
        super().__init__(f"{field}: {rule}", field=field, rule=rule)
        if code is not None:
            self.code = code


class BadRequest(_FieldError):
    """A field broke a rule: 400."""

    status = 400
    code = "bad_request"


class NotFound(_FieldError):
    """A field names something that does not exist: 404."""

    status = 404
    code = "not_found"


class Conflict(_FieldError):
    """A field asks for what contradicts the present state: 409."""

    status = 409
    code = "conflict"


class TooLarge(_FieldError):
    """A field, or the body, is larger than what is taken: 413."""

    status = 413
    code = "too_large"


class Throttled(HttpError):
    """The caller is to slow down: 429 with `Retry-After`.

    Parameters
    ----------
    retry_after_seconds
        When to come again.
    message
        What was throttled.
    """

    status = 429
    code = "throttled"

    def __init__(
        self, retry_after_seconds: int, message: str = "too many requests at once; send them again later"
    ) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)


class Unavailable(HttpError):
    """Something behind the function does not answer: 503 with `Retry-After`.

    Parameters
    ----------
    retry_after_seconds
        When to come again.
    message
        What is unavailable.
    """

    status = 503
    code = "unavailable"

    def __init__(
        self, retry_after_seconds: int, message: str = "temporarily unavailable; send the request again"
    ) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)
