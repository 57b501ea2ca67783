"""Sends discarded batches to the on-failure destination of a mapping."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployment.workers.clients import AWS_ERRORS, error_code, is_transient
from deployment.workers.mapping.discarded import Invocation, object_key, write_failure_record, write_s3_record

if TYPE_CHECKING:
    from deployment.workers.clients import Clients
    from deployment.workers.mapping.retries import Batch
    from deployment.workers.mapping.settings import Mapping

log = logging.getLogger(__name__)


def report_discarded(
    clients: Clients, mapping: Mapping, shard_id: str, batch: Batch, condition: str, last: Invocation, event: bytes
) -> bool:
    """Send a discarded batch to the mapping's on-failure destination.

    Returns
    -------
    bool
        Whether the shard may continue: the destination has the record, there is none, or it rejects the record, which
        is logged. False after a transient error.
    """
    fields = {"mapping": mapping.uuid, "shard": shard_id, "records": len(batch.entries), "condition": condition}
    destination = mapping.failure_destination
    if destination:
        now = datetime.now(UTC)
        record = write_failure_record(batch, condition, last, mapping.stream_arn, shard_id, mapping.function_arn, now)
        try:
            _send(clients, destination, record, event, object_key(mapping.uuid, shard_id, now, str(uuid.uuid4())))
        except AWS_ERRORS as error:
            if is_transient(error):
                return False
            # As on AWS (metric DestinationDeliveryFailures), a failing destination does not block the shard.
            log.error("destination_refused", extra={**fields, "to": destination, "code": error_code(error)})  # noqa: TRY400
            return True
    log.warning("batch_discarded", extra={**fields, "to": destination})
    return True


def _send(clients: Clients, destination: str, record: dict[str, object], event: bytes, key: str) -> None:
    _, _, service, _, account, name = destination.split(":", 5)
    if service == "s3":
        clients.s3.put_object(Bucket=name, Key=key, Body=write_s3_record(record, event), ContentType="application/json")
    elif service == "sns":
        clients.sns.publish(TopicArn=destination, Message=json.dumps(record))
    else:
        queue = clients.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        clients.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(record))
