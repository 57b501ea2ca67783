"""Served lists: each answer's record, which Firehose accepts within a bounded time, or which is lost."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from backend.contract.instants import write_hive_timestamp
from backend.contract.lines.served_lists import SCHEMA_VERSION, ServedList, served_list_line
from backend.contract.rules.placeholder_ids import SESSION_PREFIX
from backend.recommend.calls import CallFailedError, finish, start

if TYPE_CHECKING:
    from mypy_boto3_firehose import FirehoseClient

    from backend.aws.deadline import Deadline
    from backend.recommend.requests import RecommendationRequest

WRITE_SECONDS = 0.05
"""An answer waits no longer for its served list."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServedLists:
    """The Firehose stream of served lists."""

    client: FirehoseClient
    stream: str

    def open_connection(self) -> None:
        """Open a connection in the background, since a first write that opens it takes longer than an answer waits."""
        start(lambda: self.client.describe_delivery_stream(DeliveryStreamName=self.stream))

    def write(self, served: ServedList, deadline: Deadline) -> bool:
        """Return whether Firehose accepts a served list before the earlier of its own deadline and the answer's."""
        writing = start(lambda: self._put(served))
        try:
            finish(writing, deadline.from_now(min(WRITE_SECONDS, deadline.seconds_left)))
        except CallFailedError as error:
            _logger.warning("%s: the served list is lost: %s", served.route, error)
            return False
        return True

    def _put(self, served: ServedList) -> None:
        self.client.put_record(DeliveryStreamName=self.stream, Record={"Data": served_list_line(served)})


def served_list(
    request: RecommendationRequest, body: dict[str, Any], version: str | None, request_id: str, now: int
) -> ServedList:
    """Return the served list of an answer.

    Parameters
    ----------
    body
        The answer's body.
    version
        The id of the solution version that gave it.
    now
        Milliseconds since the epoch.
    """
    reader = request.reader_id
    is_session = reader is not None and reader.startswith(SESSION_PREFIX)
    return ServedList(
        served_id=request_id,
        served_at=write_hive_timestamp(datetime.fromtimestamp(now / 1000, UTC)),
        route=request.kind,
        source=body["source"],
        items=[item["item_id"] for item in body["items"]],
        recommendation_id=body["recommendation_id"],
        model=body["model"],
        version=version,
        user_id=None if is_session else reader,
        session_id=reader.removeprefix(SESSION_PREFIX) if reader is not None and is_session else None,
        item_id=request.item_id,
        filter=request.filter.name if request.filter else None,
        slot=request.slot,
        variation=request.variation,
        schema_version=SCHEMA_VERSION,
    )
