"""The integrations that MiniStack's Step Functions lacks: Personalize, Glue jobs, Athena, and S3 objects.

DynamoDB's items are here for the names of their errors.

An optimized ``.sync`` integration starts a job, waits for its end, and fails with ``States.TaskFailed`` and the
job's description as the cause (https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html). A call
that the service refuses fails with the name that ``errors`` returns.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions as states

from deployment.emulator.internal_requests import call_json
from deployment.emulator.s3 import objects
from deployment.emulator.stepfunctions.errors import error_name
from deployment.emulator.stepfunctions.execution import ExecutionEndedError, wait
from deployment.emulator.stepfunctions.members import api_parameters, request_path, state_result

Integration = Callable[[str, dict[str, Any]], Any]

POLL_SECONDS = 0.5
GLUE_ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"})
ATHENA_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: a state's output, 256 KiB as UTF-8.
OUTPUT_LIMIT_BYTES = 262_144
# ASL names a service by its SDK, botocore by its id; all three are signed for, and answered by, Personalize.
PERSONALIZE = {
    "aws-sdk:personalize": "personalize",
    "aws-sdk:personalizeevents": "personalize-events",
    "aws-sdk:personalizeruntime": "personalize-runtime",
}
S3_OBJECTS = {"aws-sdk:s3:getObject": "GET", "aws-sdk:s3:putObject": "PUT"}


def install() -> None:
    """Route these integrations before MiniStack's own dispatcher."""
    invoke = states._invoke_resource

    def invoke_resource(resource: str, arguments: dict[str, Any]) -> Any:
        integration = find(resource)
        return integration(resource, arguments) if integration else invoke(resource, arguments)

    states._invoke_resource = invoke_resource


def find(resource: str) -> Integration | None:
    """Return the integration of a Task's ``Resource``, or None where MiniStack's own dispatcher runs it."""
    name = resource.rpartition(":::")[2]
    if name.rpartition(":")[0] in PERSONALIZE:
        return call_personalize
    if name in S3_OBJECTS:
        return call_s3_object
    return _OPTIMIZED.get(name)


def call_personalize(resource: str, arguments: dict[str, Any]) -> Any:
    """Call any action of Amazon Personalize: ``aws-sdk:personalize:<action>``, of its events and its runtime too."""
    name, _, action = resource.rpartition(":::")[2].rpartition(":")
    service, action = PERSONALIZE[name], action[:1].upper() + action[1:]
    target = f"AmazonPersonalize.{action}" if service == "personalize" else ""
    parameters = api_parameters(service, action, arguments)
    status, result = call_json("personalize", target, parameters, request_path(service, action))
    _raise_error(name.rpartition(":")[2], status, result, is_optimized=False)
    return state_result(service, action, result)


def run_glue_job(resource: str, arguments: dict[str, Any]) -> Any:
    """Start a Glue job and, for ``.sync``, wait until the run has ended."""
    started = _call("glue", "AWSGlue.StartJobRun", arguments)
    if not resource.endswith(".sync"):
        return started
    subject = {"JobName": arguments["JobName"], "RunId": started["JobRunId"]}
    try:
        while (run := _call("glue", "AWSGlue.GetJobRun", subject)["JobRun"])["JobRunState"] not in GLUE_ENDED:
            wait(POLL_SECONDS)
    except ExecutionEndedError:
        # AWS stops the job of an aborted execution on a best-effort basis.
        stop = {"JobName": arguments["JobName"], "JobRunIds": [started["JobRunId"]]}
        _call("glue", "AWSGlue.BatchStopJobRun", stop)
        raise
    if run["JobRunState"] != "SUCCEEDED":
        raise states._ExecutionError("States.TaskFailed", json.dumps(run))
    return run


def run_athena_query(resource: str, arguments: dict[str, Any]) -> Any:
    """Start an Athena query and, for ``.sync``, wait until it has ended."""
    started = _call("athena", "AmazonAthena.StartQueryExecution", arguments)
    if not resource.endswith(".sync"):
        return started
    try:
        while True:
            answer = _call("athena", "AmazonAthena.GetQueryExecution", started)
            if answer["QueryExecution"]["Status"]["State"] in ATHENA_ENDED:
                break
            wait(POLL_SECONDS)
    except ExecutionEndedError:
        _call("athena", "AmazonAthena.StopQueryExecution", started)
        raise
    if answer["QueryExecution"]["Status"]["State"] != "SUCCEEDED":
        raise states._ExecutionError("States.TaskFailed", json.dumps(answer))
    return answer


def call_athena(resource: str, arguments: dict[str, Any]) -> Any:
    """Call an optimized Athena action that reads or stops a query."""
    action = resource.rpartition(":")[2]
    return _call("athena", f"AmazonAthena.{action[:1].upper()}{action[1:]}", arguments)


def call_dynamodb(resource: str, arguments: dict[str, Any]) -> Any:
    """Call an optimized DynamoDB action, which reads or writes one item."""
    action = resource.rpartition(":")[2]
    return _call("dynamodb", f"DynamoDB_20120810.{action[:1].upper()}{action[1:]}", arguments)


def call_s3_object(resource: str, arguments: dict[str, Any]) -> Any:
    """Read or write an S3 object with a text body; a body that is not a string is written as JSON."""
    bucket, key = arguments["Bucket"], arguments["Key"]
    try:
        if S3_OBJECTS[resource.rpartition(":::")[2]] == "PUT":
            content = arguments.get("Body", "")
            text = content if isinstance(content, str) else json.dumps(content)
            objects.write(bucket, key, text.encode(), arguments.get("ContentType", "application/octet-stream"))
            return {}
        body = objects.read(bucket, key)
    except objects.ObjectStoreError as error:
        raise states._ExecutionError(error_name("s3", error.code), str(error)) from error
    if len(body) > OUTPUT_LIMIT_BYTES:
        cause = f"The object has {len(body)} bytes, a state's output at most {OUTPUT_LIMIT_BYTES}"
        raise states._ExecutionError("States.DataLimitExceeded", cause)
    return {"Body": body.decode(errors="replace"), "ContentLength": len(body)}


def _call(service: str, target: str, arguments: Any) -> Any:
    """Send one JSON request of an optimized integration to a service of the emulator and return its response."""
    status, result = call_json(service, target, arguments or {})
    _raise_error(service, status, result, is_optimized=True)
    return result


def _raise_error(service: str, status: int, result: dict[str, Any], *, is_optimized: bool) -> None:
    """Raise the error of a refused request by the name that a workflow sees."""
    if status >= 400:
        code = (result.get("__type") or "").rpartition("#")[2]
        message = result.get("message") or result.get("Message") or ""
        raise states._ExecutionError(error_name(service, code, is_optimized=is_optimized), message)


_OPTIMIZED: dict[str, Integration] = {
    "glue:startJobRun": run_glue_job,
    "glue:startJobRun.sync": run_glue_job,
    "dynamodb:deleteItem": call_dynamodb,
    "dynamodb:getItem": call_dynamodb,
    "dynamodb:putItem": call_dynamodb,
    "dynamodb:updateItem": call_dynamodb,
    "athena:startQueryExecution": run_athena_query,
    "athena:startQueryExecution.sync": run_athena_query,
    "athena:stopQueryExecution": call_athena,
    "athena:getQueryExecution": call_athena,
    "athena:getQueryResults": call_athena,
}
