"""Names of the errors of AWS services, as Step Functions reports them to a workflow.

An error that the service's model has is ``<Service>.<Error>Exception``. Any other error, such as throttling by
Personalize or a refused call, is reported by the base exception of the SDK for Java:
``Personalize.PersonalizeException`` (https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
"""

from __future__ import annotations

from functools import cache

from ministack.core.responses import _service_model
from ministack.services import stepfunctions as states

# Optimized integrations use the first version of the SDK, whose base exceptions have other names.
OPTIMIZED_BASE = {
    "athena": "AmazonAthenaException",
    "dynamodb": "AmazonDynamoDBException",
    "glue": "AWSGlueException",
    "lambda": "AWSLambdaException",
    "sagemaker": "AmazonSageMakerException",
}
PREFIXES = {
    "personalizeevents": "PersonalizeEvents",
    "personalizeruntime": "PersonalizeRuntime",
    "sagemaker": "SageMaker",
}
# The optimized integration of DynamoDB has a prefix of its own, that of its SDK integration is DynamoDb.
OPTIMIZED_PREFIXES = {"dynamodb": "DynamoDB"}
# Services whose SDK for Java has another name than botocore's model.
MODELS = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "personalizeevents": "personalize-events",
    "personalizeruntime": "personalize-runtime",
    "sfn": "stepfunctions",
}


def install() -> None:
    """Name the errors of MiniStack's own SDK integrations."""
    prefix_error = states._prefix_sdk_error

    def prefix_sdk_error(service: str, code: str) -> str:
        known = "." in code or code in states._AWS_SDK_ERROR_CODE_OVERRIDES.get(service, {})
        return prefix_error(service, code) if known else error_name(service, code)

    states._prefix_sdk_error = prefix_sdk_error


def error_name(service: str, code: str, *, is_optimized: bool = False) -> str:
    """Return the name of an error in ``ErrorEquals``.

    Parameters
    ----------
    service
        The service as a Task's ``Resource`` names it, for example ``s3``.
    code
        The service's own error code, for example ``NoSuchKey``.
    """
    prefix = PREFIXES.get(service) or states._AWS_SDK_ERROR_PREFIX.get(service, service.capitalize())
    base = OPTIMIZED_BASE.get(service) if is_optimized else None
    prefix = OPTIMIZED_PREFIXES.get(service, prefix) if is_optimized else prefix
    return f"{prefix}.{_modelled_errors(service).get(code) or base or prefix + 'Exception'}"


@cache
def _modelled_errors(service: str) -> dict[str, str]:
    """Return the exception's name for each error code that the service's model has."""
    model = _service_model(MODELS.get(service, service))
    names: dict[str, str] = {}
    for shape in model.error_shapes if model else ():
        exception = shape.name.removesuffix("Exception") + "Exception"
        names |= {shape.name: exception, shape.metadata.get("error", {}).get("code", shape.name): exception}
    return names
