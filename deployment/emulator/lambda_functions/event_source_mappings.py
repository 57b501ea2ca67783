"""Event-source mappings keep all the settings that they were created with.

AWS returns from ListEventSourceMappings the timestamp at which a mapping starts (AT_TIMESTAMP), its metrics and its
defaults. MiniStack drops the timestamp and the metrics and gives every source SQS's batch size of 10. The workers
(`deployment.workers`) read mappings from this API alone.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import error_response_json, json_response
from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.settings import Settings

    Request = dict[str, Any]
    Answer = tuple[int, dict[str, str], bytes]

# https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
STREAM_BATCH_SIZE: Final = 100

_TIMESTAMP: Final = "StartingPositionTimestamp"
_METRICS: Final = "MetricsConfig"


def install(_settings: Settings) -> None:
    """Override the creation and the update of event-source mappings."""
    lambda_svc._create_esm = _create(lambda_svc._create_esm)
    lambda_svc._update_esm = _update(lambda_svc._update_esm)


def _create(create: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    def create_event_source_mapping(request: Request) -> Answer:
        at_timestamp = request.get("StartingPosition") == "AT_TIMESTAMP"
        if at_timestamp != (_TIMESTAMP in request):
            message = f"{_TIMESTAMP} is required for the StartingPosition AT_TIMESTAMP and invalid for any other."
            refusal: Answer = error_response_json("InvalidParameterValueException", message, HTTPStatus.BAD_REQUEST)
            return refusal
        if ":kinesis:" in request.get("EventSourceArn", ""):
            request = {"BatchSize": STREAM_BATCH_SIZE, **request}
        answer = create(request)
        if answer[0] != HTTPStatus.ACCEPTED:
            return answer
        return _store(json.loads(answer[2])["UUID"], request, (_TIMESTAMP, _METRICS), HTTPStatus.ACCEPTED)

    return create_event_source_mapping


def _update(update: Callable[[str, Request], Answer]) -> Callable[[str, Request], Answer]:
    def update_event_source_mapping(uuid: str, request: Request) -> Answer:
        answer = update(uuid, request)
        return answer if answer[0] != HTTPStatus.OK else _store(uuid, request, (_METRICS,), HTTPStatus.OK)

    return update_event_source_mapping


def _store(uuid: str, request: Request, names: tuple[str, ...], status: HTTPStatus) -> Answer:
    """Store settings of a request that MiniStack drops, and return the complete mapping."""
    mapping = lambda_svc._esms[uuid]
    mapping |= {name: request[name] for name in names if name in request}
    complete: Answer = json_response(lambda_svc._esm_response(mapping), status)
    return complete
