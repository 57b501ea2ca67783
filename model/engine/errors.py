"""What can be wrong with a request, by the names that Amazon Personalize gives."""

from __future__ import annotations


class EngineError(Exception):
    """A request that is answered with an error.

    Attributes
    ----------
    name : str
        Name of the exception on the wire.
    http_status : int
        Of the events and runtime services; the control plane answers 400 to every client error, as JSON 1.1
        services do where the model names no other status.
    """

    name = "InternalFailure"
    http_status = 500


class InvalidInputError(EngineError):
    """A field is missing, malformed, too long, or asks for what the resource cannot do."""

    name = "InvalidInputException"
    http_status = 400


class ResourceNotFoundError(EngineError):
    """There is no such resource."""

    name = "ResourceNotFoundException"
    http_status = 404


class ResourceAlreadyExistsError(EngineError):
    """The name is taken."""

    name = "ResourceAlreadyExistsException"
    http_status = 400


class ResourceInUseError(EngineError):
    """The resource is in a state, or has dependants, that forbid the request."""

    name = "ResourceInUseException"
    http_status = 409


class LimitExceededError(EngineError):
    """A quota is used up."""

    name = "LimitExceededException"
    http_status = 400


class InvalidNextTokenError(EngineError):
    """The token of a page is none that this service gave out."""

    name = "InvalidNextTokenException"
    http_status = 400


class TooManyTagsError(EngineError):
    """More tags than a resource may have."""

    name = "TooManyTagsException"
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
    """The request could not be kept on disk; it may be sent again (Common Errors: ServiceUnavailable)."""

    name = "ServiceUnavailable"
    http_status = 503


class DirectoryInUseError(Exception):
    """The state directory belongs to another process, to another version, or is damaged."""
