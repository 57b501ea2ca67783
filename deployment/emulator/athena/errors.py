"""The errors of queries, with Athena's messages."""

from __future__ import annotations

# https://docs.aws.amazon.com/athena/latest/ug/error-reference.html: the categories of AthenaError.
SYSTEM = 1
USER = 2


class AthenaError(Exception):
    """The base class of query errors."""


class RequestRefusedError(AthenaError):
    """StartQueryExecution fails with InvalidRequestException and an ``AthenaErrorCode`` such as ``MALFORMED_QUERY``."""

    def __init__(self, message: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.code = code


class QueryFailedError(AthenaError):
    """The query ends FAILED; the message becomes its StateChangeReason.

    Parameters
    ----------
    code
        Trino's error name, for example ``TABLE_NOT_FOUND``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ScanLimitReachedError(AthenaError):
    """The query would read more than its work group allows, so it ends CANCELLED."""

    def __init__(self, scanned_bytes: int) -> None:
        super().__init__("Query cancelled! : Bytes scanned limit was exceeded")
        self.scanned_bytes = scanned_bytes
