"""Sends the result of an asynchronous invocation to the function's destination or dead-letter queue.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from ministack import app

from deployment.emulator.internal_requests import call_json
from deployment.emulator.kms import checks
from deployment.emulator.kms.decisions import KeyUseError, Role
from deployment.emulator.kms.resources import Call

if TYPE_CHECKING:
    from deployment.emulator.lambda_functions.events import Event

log = logging.getLogger("destinations")

ERROR_MESSAGE_BYTES: Final = 1024


def send_result(
    event: Event,
    condition: str,
    attempts: int,
    result: dict[str, Any],
    config: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    """Send the result of an event to its destination by condition: Success, RetriesExhausted or EventAgeExceeded."""
    succeeded = condition == "Success"
    wanted = (settings.get("DestinationConfig") or {}).get("OnSuccess" if succeeded else "OnFailure") or {}
    if arn := wanted.get("Destination"):
        _send(arn, json.dumps(_record(event, condition, attempts, result, config)), {}, config["Role"])
    dead_letters = (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if dead_letters and not succeeded:
        _send(dead_letters, json.dumps(event.payload), _attributes(event, result), config["Role"])


def _record(
    event: Event, condition: str, attempts: int, result: dict[str, Any], config: dict[str, Any]
) -> dict[str, Any]:
    version = config.get("Version", "$LATEST")
    context: dict[str, Any] = {"statusCode": 200, "executedVersion": version}
    if condition != "Success":
        context["functionError"] = "Unhandled"
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.id,
            "functionArn": f"{config['FunctionArn']}:{version}",
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event.payload,
        "responseContext": context,
        "responsePayload": result.get("body"),
    }


def _attributes(event: Event, result: dict[str, Any]) -> dict[str, Any]:
    body = result.get("body")
    message = str(body.get("errorMessage", "")) if isinstance(body, dict) else ""
    return {
        "RequestID": {"DataType": "String", "StringValue": event.id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": message[:ERROR_MESSAGE_BYTES] or "none"},
    }


def _send(arn: str, body: str, attributes: dict[str, Any], role: str) -> None:
    _, _, service, _, account, name = arn.split(":", 5)
    try:
        if app.AUTH and service in {"sqs", "sns"}:
            checks.check(Call("sqs:SendMessage" if service == "sqs" else "sns:Publish", arn), Role(role))
    except KeyUseError as error:
        log.warning("%s is not sent the result of an invocation: %s", arn, error)
        return
    status: int
    answer: object
    match service:
        case "sqs":
            message = {"QueueUrl": f"/{account}/{name}", "MessageBody": body, "MessageAttributes": attributes}
            status, answer = call_json("sqs", "AmazonSQS.SendMessage", message)
        case "events":
            source = "Lambda Function Invocation Result"
            entry = {"Source": "lambda", "DetailType": source, "Detail": body, "EventBusName": arn}
            status, answer = call_json("events", "AWSEvents.PutEvents", {"Entries": [entry]})
        case "sns":
            form = urlencode({"Action": "Publish", "TopicArn": arn, "Message": body})
            status, answer = _call("sns", "/", {"content-type": "application/x-www-form-urlencoded"}, form)
        case "lambda":
            path = f"/2015-03-31/functions/{arn}/invocations"
            status, answer = _call("lambda", path, {"x-amz-invocation-type": "Event"}, body)
        case _:
            raise ValueError(f"{arn} is not a queue, topic, function or event bus")
    if status >= HTTPStatus.BAD_REQUEST:
        log.warning("%s rejected the result of an invocation: %s", arn, answer)


def _call(service: str, path: str, headers: dict[str, str], body: str) -> tuple[int, object]:
    status, _, answer = app.call_service_handler_sync(
        app.SERVICE_HANDLERS[service], "POST", path, headers, body.encode(), {}
    )
    return status, answer
