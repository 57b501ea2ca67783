"""Decides after an invocation which records of a batch failed, and which to retry, split or discard."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployment.workers.mapping.settings import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployment.workers.mapping.batch import Entry
    from deployment.workers.mapping.settings import Mapping


@dataclass(frozen=True)
class Batch:
    """The records of one invocation.

    Parameters
    ----------
    entries
        The records in order; at least one.
    retries
        The number of retries so far with exactly these records.
    """

    entries: tuple[Entry, ...]
    retries: int = 0


@dataclass(frozen=True)
class Step:
    """The next step after a failed invocation.

    Parameters
    ----------
    next
        The batches to invoke the function with, in this order.
    is_retry
        Whether the same records are sent again, after a delay; the parts of a split are sent without one.
    """

    next: tuple[Batch, ...] = ()
    discarded: Batch | None = None
    is_retry: bool = False


def first_failed_index(
    payload: bytes, function_error: str | None, sequences: Sequence[str], report_failures: bool
) -> int:
    """Return the index of the first record that failed.

    Source: Lambda developer guide, "Configuring partial batch response with Kinesis Data Streams and Lambda".

    Parameters
    ----------
    function_error
        The response's ``X-Amz-Function-Error``, or None.
    sequences
        The batch's sequence numbers, in order.
    report_failures
        Whether the mapping has ReportBatchItemFailures.

    Returns
    -------
    int
        Index of the lowest failed sequence number; the batch's length when none failed. A malformed response, or one
        that names an unknown record, fails the whole batch.
    """
    if function_error:
        return 0
    if not report_failures:
        return len(sequences)
    index = {sequence: position for position, sequence in enumerate(sequences)}
    return min((index.get(name, 0) for name in _named_failures(payload)), default=len(sequences))


def _named_failures(payload: bytes) -> list[str]:
    """Return the identifiers in a response; an empty name for a malformed entry."""
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return [""]
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if failures is None:
        return []
    if not isinstance(failures, list) or failures is answer:
        return [""]
    names = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    return [name if isinstance(name, str) else "" for name in names]


def after_failure(batch: Batch, failed: int, mapping: Mapping) -> Step:
    """Return the next step for a batch that failed from a record on.

    With BisectBatchOnFunctionError a batch is split, at the returned sequence number where there is one, otherwise in
    the middle, which uses no retry; a single record is retried. Without it all failed records are retried together.

    Parameters
    ----------
    failed
        Index of the first failed record; those before it are finished.

    Returns
    -------
    Step
        Every record from `failed` on is in exactly one part of it.
    """
    rest = batch.entries[failed:]
    if mapping.bisect and failed:
        return Step(next=(replace(batch, entries=rest),))
    if mapping.bisect and len(rest) > 1:
        middle = len(rest) // 2
        return Step(next=(replace(batch, entries=rest[:middle]), replace(batch, entries=rest[middle:])))
    retried = Batch(rest, batch.retries + 1)
    if mapping.maximum_retries != UNLIMITED and retried.retries > mapping.maximum_retries:
        return Step(discarded=retried)
    return Step(next=(retried,), is_retry=True)


def split_expired(batch: Batch, now: float, maximum_age_seconds: int) -> tuple[Batch | None, Batch | None]:
    """Split a batch into the expired records at its front and the rest; None for an empty part.

    Parameters
    ----------
    now
        Epoch seconds.
    maximum_age_seconds
        MaximumRecordAgeInSeconds, or `UNLIMITED`.
    """
    if maximum_age_seconds == UNLIMITED:
        return None, batch
    fresh = next(
        (at for at, entry in enumerate(batch.entries) if now - entry.record.arrived <= maximum_age_seconds),
        len(batch.entries),
    )
    old, young = batch.entries[:fresh], batch.entries[fresh:]
    return (replace(batch, entries=old) if old else None), (replace(batch, entries=young) if young else None)
