"""Names of the files in a job's directory, which the engine and the worker process share."""

from __future__ import annotations

JOB, OUTCOME = "job.json", "outcome.json"
RESULT = "result"  # a directory: the worker writes the job's output into it
ATTRIBUTED_ITEMS = "items.json"  # input of metric attribution: the numeric columns of the items, by item id
# Output of a data deletion job, in its result directory.
NEW_PARTS, NEW_SEGMENTS, ERASED = "parts", "segments", "erased.json"
