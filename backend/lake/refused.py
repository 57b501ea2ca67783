"""Refused records of a Firehose batch to the bad rows; what S3 does not take stays with Firehose."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from backend.aws.bad_rows import put_bad_rows
from backend.aws.errors import error_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from backend.lake.transform import TransformOutcome

SOURCE = "lake"

_logger = logging.getLogger(__name__)


def store_refused(outcome: TransformOutcome, client: S3Client, bucket: str) -> None:
    """Write the refused records as one object of bad rows, and answer them as dropped.

    Where S3 fails they remain failed, so that Firehose writes them under its error prefix. A batch that is delivered
    again writes the same object.
    """
    if not outcome.refused:
        return
    rows = [(refused.refusal, refused.arrived_at) for refused in outcome.refused]
    try:
        put_bad_rows(rows, client, bucket, SOURCE)
    except Exception as error:  # noqa: BLE001 - an answer that is not AWS's raises whatever the parser meets
        _logger.error("%d bad rows are left to Firehose: %s", len(rows), error_name(error))  # noqa: TRY400 - the name suffices
        return
    for refused in outcome.refused:
        record_id = outcome.records[refused.position]["recordId"]
        outcome.records[refused.position] = {"recordId": record_id, "result": "Dropped"}
