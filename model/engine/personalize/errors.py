"""The errors of Amazon Personalize, by the names on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.datasets.errors import DatasetError


class EngineError(Exception):
    """An error that a request is answered with.

    Attributes
    ----------
    http_status : int
        Of the events and runtime services; the control plane answers 400 to every client error, as JSON 1.1
        services do where the model names no other status.
    """

    name = "InternalFailure"
    http_status = 500


class InvalidInputError(EngineError):
    """A field is missing, malformed or too long, or its value does not fit the resource."""

    name = "InvalidInputException"
    http_status = 400


class ResourceNotFoundError(EngineError):
    """The resource does not exist."""

    name = "ResourceNotFoundException"
    http_status = 404


class ResourceAlreadyExistsError(EngineError):
    """A resource of this name exists."""

    name = "ResourceAlreadyExistsException"
    http_status = 400


class ResourceInUseError(EngineError):
    """The resource is in a state, or has dependants, that forbid the request."""

    name = "ResourceInUseException"
    http_status = 409


class LimitExceededError(EngineError):
    """A quota is exhausted."""

    name = "LimitExceededException"
    http_status = 400


class InvalidNextTokenError(EngineError):
    """The token of a page is invalid."""

    name = "InvalidNextTokenException"
    http_status = 400


class TooManyTagsError(EngineError):
    """More tags than a resource may have."""

    name = "TooManyTagsException"
    http_status = 400


class TooManyTagKeysError(EngineError):
    """More tag keys than a resource may have tags."""

    name = "TooManyTagKeysException"
    http_status = 400


class InvalidActionError(EngineError):
    """The operation does not exist, or not yet (Common Errors: InvalidAction)."""

    name = "InvalidAction"
    http_status = 400


class RequestTooLargeError(EngineError):
    """The body is larger than any request may be."""

    name = "InvalidInputException"
    http_status = 413


class ServiceUnavailableError(EngineError):
    """The request could not be stored on disk; it can be retried (Common Errors: ServiceUnavailable)."""

    name = "ServiceUnavailable"
    http_status = 503


class InternalFailureError(EngineError):
    """The engine failed, or a fault switch injected a failure (Common Errors: InternalFailure)."""


class ThrottlingError(EngineError):
    """Too many requests at once; the SDKs wait and retry (Common Errors: ThrottlingException)."""

    name = "ThrottlingException"
    http_status = 429


class RequestTimeoutError(EngineError):
    """The request did not arrive in time (Common Errors: RequestTimeoutException)."""

    name = "RequestTimeoutException"
    http_status = 408


class AccessDeniedError(EngineError):
    """Requests from this origin are not accepted (Common Errors: AccessDeniedException)."""

    name = "AccessDeniedException"
    http_status = 403


class MissingAuthenticationTokenError(EngineError):
    """The request is not signed."""

    name = "MissingAuthenticationTokenException"
    http_status = 403


class IncompleteSignatureError(EngineError):
    """The signature lacks a part, or a part is malformed (Common Errors: IncompleteSignature)."""

    name = "IncompleteSignatureException"
    http_status = 403


class InvalidSignatureError(EngineError):
    """The signature does not match the request, or has been used."""

    name = "InvalidSignatureException"
    http_status = 403


class UnrecognizedClientError(EngineError):
    """The access key is unknown (Common Errors: UnrecognizedClientException)."""

    name = "UnrecognizedClientException"
    http_status = 403


class RequestExpiredError(EngineError):
    """The signature is too old, or from the future (Common Errors: RequestExpired)."""

    name = "RequestExpired"
    http_status = 400


def documented_error(error: EngineError | DatasetError) -> EngineError:
    """Return the error that Personalize documents: a schema or value that breaks a rule is an invalid input."""
    return error if isinstance(error, EngineError) else InvalidInputError(str(error))


class DirectoryInUseError(Exception):
    """The state directory belongs to another process, to another version, or is damaged."""


class DamagedLogError(DirectoryInUseError):
    """A segment of an event log is damaged or missing; `python -m model.engine salvage` keeps what is sound."""
