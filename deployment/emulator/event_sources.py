"""Event-source mappings say all that they were made with.

AWS answers ListEventSourceMappings with the moment at which a mapping begins (AT_TIMESTAMP) and with its defaults.
MiniStack forgets the moment and gives every source a batch size of 10, which is SQS's. The workers of
`deployment.workers` read what a mapping says and nothing else, so it has to be there.
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

_MOMENT: Final = "StartingPositionTimestamp"


def install(_settings: Settings) -> None:
    """Put this in the place of MiniStack's.

    Parameters
    ----------
    _settings
        The choices of this run, none of which matter here.
    """
    lambda_svc._create_esm = _creating(lambda_svc._create_esm)


def _creating(create: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    def create_event_source_mapping(request: Request) -> Answer:
        at_timestamp = request.get("StartingPosition") == "AT_TIMESTAMP"
        if at_timestamp != (_MOMENT in request):
            message = f"{_MOMENT} goes with the StartingPosition AT_TIMESTAMP, and with no other."
            refusal: Answer = error_response_json("InvalidParameterValueException", message, HTTPStatus.BAD_REQUEST)
            return refusal
        if ":kinesis:" in request.get("EventSourceArn", ""):
            request = {"BatchSize": STREAM_BATCH_SIZE, **request}
        answer = create(request)
        if answer[0] != HTTPStatus.ACCEPTED or not at_timestamp:
            return answer
        mapping = lambda_svc._esms[json.loads(answer[2])["UUID"]]
        mapping[_MOMENT] = request[_MOMENT]
        complete: Answer = json_response(lambda_svc._esm_response(mapping), HTTPStatus.ACCEPTED)
        return complete

    return create_event_source_mapping
