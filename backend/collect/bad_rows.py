"""What was refused, kept in S3 with its reasons and its bytes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from backend.collect.failure import name_of
from backend.contract import bad_row, denies_consent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from backend.collect.services import Services
    from backend.contract import Refusal

SOURCE = "collect"

_logger = logging.getLogger(__name__)


def keep(refusals: Sequence[Refusal], services: Services, name: str, now: datetime) -> None:
    """Write refused records as one object; that it fails is counted, and spoils nothing that was accepted.

    Parameters
    ----------
    refusals
        What was refused; what denies consent is not written, broken as it is.
    services
        Where to.
    name
        The object's name; the same records come under the same name when they come again.
    now
        When they came.
    """
    kept = [refusal for refusal in refusals if not denies_consent(refusal)]
    if not kept:
        return
    body = b"".join(bad_row(SOURCE, refusal, now) for refusal in kept)
    key = f"{SOURCE}/ingest_date={now:%Y-%m-%d}/{name}.jsonl"
    try:
        services.s3.put_object(Bucket=services.bad_rows_bucket, Key=key, Body=body, ContentType="application/x-ndjson")
    except (ClientError, BotoCoreError) as error:
        services.count("bad_rows_lost", len(kept))
        _logger.error("%d bad rows could not be written: %s", len(kept), name_of(error))  # noqa: TRY400 - the name tells enough
