"""The error responses of services when KMS refuses the use of a key, with each service's own names.

Sources: the errors of the services' API references; for S3, DynamoDB and Lambda, which repeat KMS's message, the
messages that AWS is known to return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ministack.core import iam_actions
from ministack.core.responses import new_uuid

from deployment.emulator.kms.decisions import KeyUseError, Problem

if TYPE_CHECKING:
    from deployment.emulator.kms.resources import Call

    Response = tuple[int, dict[str, str], bytes]

_KMS: Final = (Problem.DENIED, Problem.DISABLED, Problem.INVALID_STATE, Problem.NOT_FOUND)


def _names(*names: str) -> dict[Problem, str]:
    return dict(zip(_KMS, names, strict=True))


CODES: Final[dict[str, dict[Problem, str]]] = {
    "s3": _names("AccessDenied", "KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException"),
    "kinesis": _names(
        "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException"
    ),
    "dynamodb": _names(*["AccessDeniedException"] * 4),
    "sqs": _names("KmsAccessDenied", "KmsDisabled", "KmsInvalidState", "KmsNotFound"),
    "sns": _names("KMSAccessDenied", "KMSDisabled", "KMSInvalidState", "KMSNotFound"),
    "logs": _names(*["InvalidParameterException"] * 4),
    "lambda": _names(
        "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException"
    ),
    "states": _names("KmsAccessDeniedException", *["KmsInvalidStateException"] * 3),
    "personalize": _names(*["InvalidInputException"] * 4),
    "firehose": _names(*["InvalidKMSResourceException"] * 4),
    "athena": _names(*["InvalidRequestException"] * 4),
    "ssm": _names("AccessDeniedException", *["InvalidKeyId"] * 3),
}

# The legacy names, which SDKs report (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
# API_SendMessage.html).
_SQS_QUERY_CODES: Final = _names(
    "KMS.AccessDeniedException", "KMS.DisabledException", "KMS.InvalidStateException", "KMS.NotFoundException"
)
_KMS_NAMES: Final = _names(
    "AccessDeniedException", "DisabledException", "KMSInvalidStateException", "NotFoundException"
)


def code_of(service: str, error: KeyUseError) -> str:
    """Return the service's error code."""
    return CODES.get(service, _KMS_NAMES)[error.problem]


def message_of(service: str, error: KeyUseError, call: Call) -> str:
    """Return the message in which the service wraps that of KMS."""
    name = _KMS_NAMES[error.problem]
    match service:
        case "dynamodb":
            return f"KMS key access denied error: {error} (Service: AWSKMS; Status Code: 400; Error Code: {name})"
        case "lambda" if call.action == "lambda:InvokeFunction":
            return (
                "Lambda was unable to decrypt the environment variables because KMS access was denied. Please check "
                f"the function's KMS key settings. KMS Exception: {name}KMS Message: {error}"
            )
        case "logs":
            group = call.members.get("logGroupName", "")
            return f"The specified KMS key does not exist or is not allowed to be used with log group {group}: {error}"
        case "personalize":
            return f"Insufficient privileges for accessing data in S3: {error}"
        case _:
            return str(error)


def response(service: str, error: KeyUseError, call: Call) -> Response:
    """Return the error response in the protocol of the service."""
    code = code_of(service, error)
    _, headers, body = iam_actions.access_denied_response(
        service, call.action, error.principal_arn, new_uuid(), error_code=code,
        message=message_of(service, error, call), headers=call.headers,
    )  # fmt: skip
    if service == "sqs" and "x-amzn-query-error" in headers:
        headers["x-amzn-query-error"] = f"{_SQS_QUERY_CODES[error.problem]};Sender"
    return _status(service, error), headers, body


def _status(service: str, error: KeyUseError) -> int:
    if service == "lambda":
        return 502
    return 403 if service == "s3" and error.problem is Problem.DENIED else 400
