"""The on-failure destination of a mapping: who is told about a batch that was given up."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployment.workers.cloud import CloudError, error_code, may_pass
from deployment.workers.mapping.discard import Invocation, object_key, write_notice, write_record

if TYPE_CHECKING:
    from deployment.workers.cloud import Cloud
    from deployment.workers.mapping.settings import Mapping
    from deployment.workers.mapping.verdict import Work

log = logging.getLogger(__name__)


def give_up(
    cloud: Cloud, mapping: Mapping, shard_id: str, work: Work, condition: str, last: Invocation, event: bytes
) -> bool:
    """Tell the mapping's on-failure destination about a batch that is given up.

    Parameters
    ----------
    cloud
        The clients.
    mapping, shard_id
        What gives up.
    work, condition, last
        What is given up, why, and after which invocation.
    event
        The payload that the function did not take.

    Returns
    -------
    bool
        Whether the shard may go on: the destination has been told, there is none, or it refuses, which is logged.
        False when it did not answer and may do so later.
    """
    fields = {"mapping": mapping.uuid, "shard": shard_id, "records": len(work.entries), "condition": condition}
    destination = mapping.failure_destination
    if destination:
        now = datetime.now(UTC)
        notice = write_notice(work, condition, last, mapping.stream_arn, shard_id, mapping.function_arn, now)
        try:
            _send(cloud, destination, notice, event, object_key(mapping.uuid, shard_id, now, str(uuid.uuid4())))
        except CloudError as error:
            if may_pass(error):
                return False
            # As on AWS (metric DestinationDeliveryFailures), a destination that refuses does not hold the shard up.
            log.error("destination_refused", extra={**fields, "to": destination, "code": error_code(error)})  # noqa: TRY400
            return True
    log.warning("batch_discarded", extra={**fields, "to": destination})
    return True


def _send(cloud: Cloud, destination: str, notice: dict[str, object], event: bytes, key: str) -> None:
    _, _, service, _, account, name = destination.split(":", 5)
    if service == "s3":
        cloud.s3.put_object(Bucket=name, Key=key, Body=write_record(notice, event), ContentType="application/json")
    elif service == "sns":
        cloud.sns.publish(TopicArn=destination, Message=json.dumps(notice))
    else:
        queue = cloud.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(notice))
