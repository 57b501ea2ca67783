"""The gaps of Moto 5.2.5 that Terraform meets, by root and address; `server` fills those that stop Terraform."""

from __future__ import annotations

_FUNCTIONS = ("authorise", "collect", "forward", "judge", "lake", "recommend", "train")
# Moto fails on a bucket policy with a statement for every principal when it looks for one for the logging service.
_LOGGING = {
    f'module.storage.aws_s3_bucket_logging.this["{purpose}"]'
    for purpose in ("artifacts", "athena", "bad-rows", "datasets", "lake", "uploads")
}
# Moto forgets `newer_noncurrent_versions`, for which the provider waits.
_LIFECYCLE = "aws_s3_bucket_lifecycle_configuration.state"

# Resources that an apply reports as failed.
NOT_APPLIED: dict[str, set[str]] = {"bootstrap": {_LIFECYCLE}, "root": _LOGGING}

# Differences of a second plan: what failed, and arguments that Moto forgets.
DIFFERENCES: dict[str, dict[str, str]] = {
    "bootstrap": {_LIFECYCLE: "create"},
    "root": {
        "module.api.aws_api_gateway_rest_api.this": "update binary_media_types",
        "module.observability.aws_budgets_budget.this[0]": "update notification, tags_all",
        "module.sagemaker[0].aws_sagemaker_endpoint_configuration.this[0]": "replace data_capture_config, tags",
        "module.sagemaker[0].aws_sagemaker_model.this[0]": "replace enable_network_isolation, tags, vpc_config",
        "module.stream.aws_kinesis_stream.this": "update tags_all",
        **{f'module.function["{name}"].aws_lambda_function.this': "update logging_config" for name in _FUNCTIONS},
        "module.canary[0].module.function.aws_lambda_function.this": "update logging_config",
        **dict.fromkeys(_LOGGING, "create"),
    },
}

# What a destruction reports as failed: Moto fails on the deletion of a delete marker that is an object's last version,
# and cannot delete saved queries.
NOT_DESTROYED: dict[str, set[str]] = {
    "bootstrap": {"emptying S3 Bucket"},
    "root": {"deleting Athena Named Query"},
}
