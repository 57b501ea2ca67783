"""Finds the key that encrypts the resource of a request, with the encryption context that the service sends to KMS.

Each function returns one `Encrypted` per key; none where the resource has no customer key. The names of the context are
those of AWS's documentation, for example
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

from ministack.core.responses import get_account_id, get_region
from ministack.services import athena, dynamodb, kinesis, lambda_svc, s3, sns, sqs, ssm
from ministack.services import stepfunctions as states

from deployment.emulator.kinesis import reading

KEY_HEADER: Final = "x-amz-server-side-encryption-aws-kms-key-id"


@dataclass(frozen=True)
class Call:
    """One call of a service.

    Parameters
    ----------
    arn
        The resource as IAM's check names it.
    """

    action: str
    arn: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def members(self) -> dict[str, Any]:
        """The members of a JSON body."""
        try:
            members = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return members if isinstance(members, dict) else {}


@dataclass(frozen=True)
class Encrypted:
    """A key and the context that a service sends to KMS when it uses the key.

    Parameters
    ----------
    role
        ARN of the role with which the service acts.
    """

    key: str
    context: dict[str, str]
    role: str = ""


def written_object(call: Call) -> list[Encrypted]:
    """Return the key that the request names, or the one of the bucket's default encryption."""
    bucket = call.arn.rpartition(":")[2].partition("/")[0]
    key = call.headers.get(KEY_HEADER) or _default_encryption(s3._bucket_encryption.get(bucket) or "")[0]
    algorithm = call.headers.get("x-amz-server-side-encryption", "aws:kms")
    return _objects(call.arn, key if algorithm == "aws:kms" else None)


def part(call: Call) -> list[Encrypted]:
    """Return the key of a multipart upload, whose parts are decrypted when they are put together."""
    return written_object(call) if {"uploads", "uploadId"} & call.query.keys() else []


def stored_object(call: Call) -> list[Encrypted]:
    """Return the key that the object was written with."""
    bucket, _, key = call.arn.rpartition(":::")[2].partition("/")
    record = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key) or {}
    return _objects(call.arn, s3._stored_sse_headers(record).get(KEY_HEADER))


def stream(call: Call) -> list[Encrypted]:
    """Return the key of a Kinesis stream; GetRecords names the stream in its iterator only."""
    arn = call.arn
    if arn == "*" and "ShardIterator" in call.members:
        try:
            arn = reading._read_iterator(call.members["ShardIterator"])[0]
        except Exception:  # noqa: BLE001 - Kinesis itself refuses the iterator
            return []
    found = kinesis._streams.get(arn.rpartition("/")[2]) or {}
    return _encrypted(found.get("KeyId"), {"aws:kinesis:arn": arn})


def new_stream_key(call: Call) -> list[Encrypted]:
    """Return the key with which a stream is to be encrypted."""
    return _encrypted(call.members.get("KeyId"), {"aws:kinesis:arn": call.arn})


def table(call: Call) -> list[Encrypted]:
    """Return the key of a DynamoDB table."""
    name = call.arn.partition(":table/")[2].partition("/")[0]
    description = (dynamodb._tables.get(name) or {}).get("SSEDescription") or {}
    return _encrypted(description.get("KMSMasterKeyArn"), _table_context(name))


def new_table(call: Call) -> list[Encrypted]:
    """Return the key with which a table is to be encrypted."""
    specification = call.members.get("SSESpecification") or {}
    return _encrypted(specification.get("KMSMasterKeyId"), _table_context(call.members.get("TableName", "")))


def queue(call: Call) -> list[Encrypted]:
    """Return the key of a queue."""
    name = call.arn.rpartition(":")[2]
    attributes = (sqs._queues.get(sqs._queue_url(name)) or {}).get("attributes") or {}
    return _encrypted(attributes.get("KmsMasterKeyId"), {"aws:sqs:arn": call.arn})


def topic(call: Call) -> list[Encrypted]:
    """Return the key of a topic."""
    attributes = (sns._topics.get(call.arn) or {}).get("attributes") or {}
    return _encrypted(attributes.get("KmsMasterKeyId"), {"aws:sns:topicArn": call.arn})


def log_group(call: Call) -> list[Encrypted]:
    """Return the key with which a log group is to be encrypted."""
    name = call.members.get("logGroupName", "")
    arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{name}"
    return _encrypted(call.members.get("kmsKeyId"), {"aws:logs:arn": arn})


def environment(call: Call) -> list[Encrypted]:
    """Return the key of a function's environment variables, which its role decrypts."""
    function = lambda_svc._get_func_record_for_ref(call.arn)[0]
    return function_environment((function or {}).get("config") or {})


def function_environment(config: dict[str, Any]) -> list[Encrypted]:
    """Return the key of a function's environment variables, from the function's configuration."""
    if not (config.get("Environment") or {}).get("Variables"):
        return []
    arn = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{config['FunctionName']}"
    return _encrypted(config.get("KMSKeyArn"), {"aws:lambda:FunctionArn": arn}, config["Role"])


def new_environment(call: Call) -> list[Encrypted]:
    """Return the key with which a function's environment variables are to be encrypted."""
    name = call.members.get("FunctionName") or call.arn.rpartition(":")[2]
    arn = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name}"
    has_variables = (call.members.get("Environment") or {}).get("Variables")
    return _encrypted(call.members.get("KMSKeyArn") if has_variables else None, {"aws:lambda:FunctionArn": arn})


def new_parameter(call: Call) -> list[Encrypted]:
    """Return the key with which a parameter is to be encrypted."""
    return _encrypted(call.members.get("KeyId"), {"PARAMETER_ARN": ssm._param_arn(call.members.get("Name", ""))})


def parameters(call: Call) -> list[Encrypted]:
    """Return the key of each parameter that is to be decrypted."""
    if not call.members.get("WithDecryption"):
        return []
    names = [call.members.get("Name"), *(call.members.get("Names") or [])]
    folder = f"{call.members['Path'].rstrip('/')}/" if "Path" in call.members else None
    return [
        encrypted
        for name, parameter in ssm._parameters.items()
        if name in names or (folder and name.startswith(folder))
        for encrypted in _encrypted(parameter["KeyId"], {"PARAMETER_ARN": parameter["ARN"]})
    ]


def state_machine(call: Call) -> list[Encrypted]:
    """Return the key of a state machine, or of the one that an execution belongs to."""
    arn = call.arn
    if ":execution:" in arn:
        arn = arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    machine = states._state_machines.get(arn) or {}
    return _machine(arn, machine.get("encryptionConfiguration"), machine.get("roleArn", ""))


def included_data(call: Call) -> list[Encrypted]:
    """Return the key of a state machine, unless the caller asks for nothing that is encrypted."""
    return [] if call.members.get("includedData") == "METADATA_ONLY" else state_machine(call)


def new_state_machine(call: Call) -> list[Encrypted]:
    """Return the key with which a definition is to be encrypted."""
    given = call.members.get("stateMachineArn")
    name = call.members.get("name", "")
    arn = given or f"arn:aws:states:{get_region()}:{get_account_id()}:stateMachine:{name}"
    configuration = call.members.get("encryptionConfiguration")
    return _machine(arn, configuration, call.members.get("roleArn", ""))


def delivered_log(call: Call) -> list[Encrypted]:
    """Return the key of a state machine that writes a log, which CloudWatch's delivery decrypts."""
    level = (call.members.get("loggingConfiguration") or {}).get("level", "OFF")
    context = {"SourceArn": f"arn:aws:logs:{get_region()}:{get_account_id()}:*"}
    return [Encrypted(found.key, context) for found in new_state_machine(call) if level != "OFF"]


def imported_data(call: Call) -> list[Encrypted]:
    """Return the key of the bucket from which Personalize reads."""
    source = call.members.get("dataSource") or (call.members.get("jobInput") or {}).get("s3DataSource") or {}
    return _location(source.get("dataLocation") or source.get("path"), call.members.get("roleArn", ""))


def exported_data(call: Call) -> list[Encrypted]:
    """Return the key of the bucket into which Personalize writes."""
    target = (call.members.get("jobOutput") or {}).get("s3DataDestination") or {}
    return _location(target.get("path"), call.members.get("roleArn", ""))


def delivery_source(call: Call) -> list[Encrypted]:
    """Return the key of the stream from which Firehose reads."""
    source = call.members.get("KinesisStreamSourceConfiguration") or {}
    arn = source.get("KinesisStreamARN", "")
    found = stream(Call(call.action, arn)) if arn else []
    return [Encrypted(each.key, each.context, source.get("RoleARN", "")) for each in found]


def delivery_target(call: Call) -> list[Encrypted]:
    """Return the key of the bucket into which Firehose writes."""
    target = call.members.get("ExtendedS3DestinationConfiguration") or {}
    bucket = target.get("BucketARN", "").rpartition(":")[2]
    return _location(f"s3://{bucket}/" if bucket else None, target.get("RoleARN", ""))


def new_delivery_stream(call: Call) -> list[Encrypted]:
    """Return the key with which direct puts to a delivery stream are to be encrypted."""
    encryption = call.members.get("DeliveryStreamEncryptionConfigurationInput") or {}
    return _encrypted(encryption.get("KeyARN"), {})


def mapped_stream(call: Call) -> list[Encrypted]:
    """Return the key of the stream that an event-source mapping reads with the function's role."""
    arn = call.members.get("EventSourceArn", "")
    if ":kinesis:" not in arn:
        return []
    function = lambda_svc._get_func_record_for_ref(call.members.get("FunctionName", ""))[0] or {}
    role = (function.get("config") or {}).get("Role", "")
    return [Encrypted(each.key, each.context, role) for each in stream(Call(call.action, arn))]


def query_results(call: Call) -> list[Encrypted]:
    """Return the key of the results of a query, from the work group or the request."""
    group = athena._workgroups.get(call.members.get("WorkGroup") or "primary") or {}
    configured = (group.get("Configuration") or {}).get("ResultConfiguration") or {}
    result = {**(call.members.get("ResultConfiguration") or {}), **configured}
    key = (result.get("EncryptionConfiguration") or {}).get("KmsKey")
    arn = "arn:aws:s3:::" + result.get("OutputLocation", "").removeprefix("s3://")
    return _objects(arn, key)


def _objects(arn: str, key: str | None) -> list[Encrypted]:
    bucket = arn.rpartition(":")[2].partition("/")[0]
    # With a bucket key the context names the bucket, and the decision is the same for all of its objects.
    uses_bucket_key = _default_encryption(s3._bucket_encryption.get(bucket) or "")[1]
    return _encrypted(key, {"aws:s3:arn": f"arn:aws:s3:::{bucket}" if uses_bucket_key else arn})


@lru_cache(maxsize=256)
def _default_encryption(document: str) -> tuple[str | None, bool]:
    """Return the key of a bucket's default encryption, and whether a bucket key is used. Every put asks for it."""
    key = re.search(r"KMSMasterKeyID>\s*([^<\s]+)\s*<", document)
    return (key[1] if key and "aws:kms" in document else None), "BucketKeyEnabled>true<" in document


def _location(uri: str | None, role: str) -> list[Encrypted]:
    if not uri:
        return []
    found = written_object(Call("s3:PutObject", "arn:aws:s3:::" + uri.removeprefix("s3://")))
    return [Encrypted(each.key, each.context, role) for each in found]


def _machine(arn: str, configuration: dict[str, Any] | None, role: str) -> list[Encrypted]:
    return _encrypted((configuration or {}).get("kmsKeyId"), {"aws:states:stateMachineArn": arn}, role)


def _table_context(name: str) -> dict[str, str]:
    return {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": get_account_id()}


def _encrypted(key: str | None, context: dict[str, str], role: str = "") -> list[Encrypted]:
    # The key of a service itself, such as alias/aws/sqs, allows every caller of the service.
    if not key or "alias/aws/" in key:
        return []
    return [Encrypted(key, context, role)]
