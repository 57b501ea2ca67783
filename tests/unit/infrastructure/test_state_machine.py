"""The errors that the training state machine retries and catches are errors that Step Functions reports."""

import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest

MODULE = Path(__file__).resolve().parents[3] / "infrastructure/modules/recommender"
SOURCES = (MODULE / "locals.tf", MODULE / "state-machines/train.asl.json.tftpl")

# Prefix of the errors: the service in botocore, and the base exception that stands for every error without a model.
# SDK integrations use the SDK for Java 2 (PersonalizeException), optimized ones its first version (AWSGlueException).
SERVICES = {
    "DynamoDB": ("dynamodb", "AmazonDynamoDBException"),
    "Glue": ("glue", "AWSGlueException"),
    "Lambda": ("lambda", "AWSLambdaException"),
    "Personalize": ("personalize", "PersonalizeException"),
    "S3": ("s3", "S3Exception"),
    "SageMaker": ("sagemaker", "AmazonSageMakerException"),
    "Sfn": ("stepfunctions", "SfnException"),
    "Ssm": ("ssm", "SsmException"),
}


def named_errors() -> set[str]:
    """Return the errors of AWS services that the definition and its Terraform locals name."""
    names = rf'"((?:{"|".join(SERVICES)})\.\w+)"'
    return {name for source in SOURCES for name in re.findall(names, source.read_text(encoding="utf-8"))}


@cache
def reportable_errors(prefix: str) -> set[str]:
    """Return the errors that Step Functions reports for a service."""
    service, base = SERVICES[prefix]
    model = botocore.session.get_session().get_service_model(service)
    modelled = {shape.name.removesuffix("Exception") + "Exception" for shape in model.error_shapes}
    return {f"{prefix}.{name}" for name in modelled | {base, "SdkClientException"}}


def test_every_named_error_is_modelled_or_the_services_base_exception():
    unknown = {name for name in named_errors() if name not in reportable_errors(name.partition(".")[0])}

    assert unknown == set()


@pytest.mark.parametrize("name", ["Personalize.ThrottlingException", "Personalize.InternalServerException"])
def test_the_check_detects_an_error_that_personalize_does_not_model(name):
    assert name not in reportable_errors("Personalize")


def test_the_check_reads_the_errors_of_every_service_of_the_workflow():
    assert {name.partition(".")[0] for name in named_errors()} == SERVICES.keys()
