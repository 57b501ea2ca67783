"""What a function's answer means for its batch, and what is to be done with it next."""

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
class Work:
    """Records to be given to the function in one invocation.

    Parameters
    ----------
    entries
        The records in order; never none.
    retries
        How often the function has already failed with just these.
    """

    entries: tuple[Entry, ...]
    retries: int = 0


@dataclass(frozen=True)
class Step:
    """What follows a failed invocation.

    Parameters
    ----------
    next
        What to give to the function, in this order.
    discarded
        What is given up, if anything.
    again
        Whether the same records go to the function again, before which a pause is due; the parts of a split do not.
    """

    next: tuple[Work, ...] = ()
    discarded: Work | None = None
    again: bool = False


def first_failed(payload: bytes, function_error: str | None, sequences: Sequence[str], report_failures: bool) -> int:
    """Find the record from which a batch has to be repeated.

    Parameters
    ----------
    payload
        What the function answered.
    function_error
        The answer's ``X-Amz-Function-Error``, or None.
    sequences
        The batch's sequence numbers, in order.
    report_failures
        Whether the mapping has ReportBatchItemFailures.

    Returns
    -------
    int
        Index of the lowest failed sequence number; the batch's length when nothing failed. An answer that names no
        record of the batch, or none that can be read, fails the whole batch (Lambda developer guide, "Configuring
        partial batch response with Kinesis Data Streams and Lambda").
    """
    if function_error:
        return 0
    if not report_failures:
        return len(sequences)
    index = {sequence: position for position, sequence in enumerate(sequences)}
    return min((index.get(name, 0) for name in _named_failures(payload)), default=len(sequences))


def _named_failures(payload: bytes) -> list[str]:
    """List the identifiers in an answer; an empty name stands for whatever cannot be read."""
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


def after_failure(work: Work, failed: int, mapping: Mapping) -> Step:
    """Decide what becomes of a batch that failed from a record on.

    With BisectBatchOnFunctionError a batch is split, at the returned sequence number where the function gave one and
    else in the middle, which consumes no retry; what cannot be split is retried. Without it the rest is retried whole.

    Parameters
    ----------
    work
        The batch.
    failed
        Index of the first failed record; those before it are done with.
    mapping
        The mapping's limits.

    Returns
    -------
    Step
        What to do. Every record from `failed` on is in exactly one part of it.
    """
    rest = work.entries[failed:]
    if mapping.bisect and failed:
        return Step(next=(replace(work, entries=rest),))
    if mapping.bisect and len(rest) > 1:
        middle = len(rest) // 2
        return Step(next=(replace(work, entries=rest[:middle]), replace(work, entries=rest[middle:])))
    tried = Work(rest, work.retries + 1)
    if mapping.maximum_retries != UNLIMITED and tried.retries > mapping.maximum_retries:
        return Step(discarded=tried)
    return Step(next=(tried,), again=True)


def part_expired(work: Work, now: float, maximum_age_seconds: int) -> tuple[Work | None, Work | None]:
    """Part the records that are too old for the function from those that are not.

    Parameters
    ----------
    work
        The batch.
    now
        Epoch seconds.
    maximum_age_seconds
        MaximumRecordAgeInSeconds, or `UNLIMITED`.

    Returns
    -------
    tuple
        What is too old, from the front, and what remains; None for nothing.
    """
    if maximum_age_seconds == UNLIMITED:
        return None, work
    fresh = next(
        (at for at, entry in enumerate(work.entries) if now - entry.record.arrived <= maximum_age_seconds),
        len(work.entries),
    )
    old, young = work.entries[:fresh], work.entries[fresh:]
    return (replace(work, entries=old) if old else None), (replace(work, entries=young) if young else None)
