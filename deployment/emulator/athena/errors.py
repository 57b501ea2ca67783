"""Why a query cannot be taken or does not succeed, in Athena's words."""

from __future__ import annotations

# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html: the categories of AthenaError.
SYSTEM = 1
USER = 2


class AthenaError(Exception):
    """The root of what goes wrong with a query."""


class RequestRefusedError(AthenaError):
    """StartQueryExecution answers InvalidRequestException.

    Parameters
    ----------
    message
        What was wrong.
    code
        The ``AthenaErrorCode``, for example ``MALFORMED_QUERY``.
    """

    def __init__(self, message: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.code = code


class QueryFailedError(AthenaError):
    """The query ends FAILED; the message becomes its StateChangeReason.

    Parameters
    ----------
    code
        Trino's error name, for example ``TABLE_NOT_FOUND``.
    message
        The sentence after it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ScanLimitReachedError(AthenaError):
    """The query would read more than its work group allows, so it ends CANCELLED.

    Parameters
    ----------
    scanned_bytes
        What had been read when the limit was met.
    """

    def __init__(self, scanned_bytes: int) -> None:
        super().__init__("Query cancelled! : Bytes scanned limit was exceeded")
        self.scanned_bytes = scanned_bytes
