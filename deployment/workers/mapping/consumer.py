"""Consumes one shard of a mapping: a thread reads, lanes invoke, and the position follows finished records."""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from deployment.workers.checkpoints import SHARD_END
from deployment.workers.clients import AWS_ERRORS, error_code
from deployment.workers.mapping.batch import PAYLOAD_BYTES, Entry, lane_of, write_entry
from deployment.workers.mapping.filters import passes_filters
from deployment.workers.mapping.lane import Lane
from deployment.workers.mapping.progress import Progress
from deployment.workers.shards import ShardClosedError, ShardReader, backoff_delays

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployment.workers.checkpoints import Checkpoints
    from deployment.workers.clients import Clients
    from deployment.workers.mapping.batch import Origin
    from deployment.workers.mapping.settings import Mapping
    from deployment.workers.shards import Record

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.02, 0.16
"""Delays between reads without records. AWS polls once a second; on the laptop a recommendation changes sooner."""

BATCHES_AHEAD = 2
"""The number of batches that are read ahead of the lanes."""


class MappingShard:
    """Reads one shard for one mapping until it is stopped or the shard ends.

    Without a position it begins at the anchor, in epoch seconds, or at the oldest record.
    """

    def __init__(
        self, clients: Clients, checkpoints: Checkpoints, mapping: Mapping, origin: Origin, anchor: float | None
    ) -> None:
        self._checkpoints = checkpoints
        self._mapping = mapping
        self._origin = origin
        position = checkpoints.positions(mapping.reader).get(origin.shard_id)
        self._reader = ShardReader(clients.kinesis, mapping.stream_arn, origin.shard_id, position, anchor)
        self._patterns = [json.loads(pattern) for pattern in mapping.patterns]
        self._stop = threading.Event()
        self._progress = Progress()
        self._moved = threading.Condition()
        self._lanes = [Lane(clients, mapping, origin.shard_id, self._stop, self._finish) for _ in range(mapping.lanes)]
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"reader-{origin.shard_id}")

    def start(self) -> None:
        """Start the threads."""
        for lane in self._lanes:
            lane.thread.start()
        self._thread.start()

    def stop(self) -> None:
        """End after the invocations in flight; returns at once."""
        self._stop.set()
        with self._moved:
            self._moved.notify_all()
        for lane in self._lanes:
            lane.wake()

    @property
    def is_alive(self) -> bool:
        """Whether any of its threads still runs."""
        return self._thread.is_alive() or any(lane.thread.is_alive() for lane in self._lanes)

    def _run(self) -> None:
        delays = backoff_delays(FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
        while not self._stop.is_set():
            try:
                records = self._reader.read()
            except ShardClosedError:
                self._end()
                return
            except AWS_ERRORS as error:
                log.debug("shard_not_read", extra={"shard": self._origin.shard_id, "code": error_code(error)})
                self._stop.wait(LONGEST_DELAY_SECONDS * 4)
                continue
            if not records:
                self._stop.wait(next(delays))
                continue
            delays = backoff_delays(FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
            self._distribute(records)
            self._wait_for_capacity()

    def _distribute(self, records: list[Record]) -> None:
        with self._moved:
            self._progress.add(record.sequence for record in records)
        shares: dict[int, list[Entry]] = defaultdict(list)
        filtered = []
        for record in records:
            if passes_filters(self._patterns, record):
                lane = lane_of(record.partition_key, len(self._lanes))
                shares[lane].append(write_entry(record, self._origin))
            else:
                filtered.append(record.sequence)
        for lane, share in shares.items():
            self._lanes[lane].put(share)
        if filtered:
            self._finish(filtered)

    def _wait_for_capacity(self) -> None:
        limit = BATCHES_AHEAD * self._mapping.batch_size * len(self._lanes)
        with self._moved:
            self._moved.wait_for(
                lambda: (
                    self._stop.is_set()
                    or (
                        len(self._progress) < limit
                        and sum(lane.waiting_bytes for lane in self._lanes) < BATCHES_AHEAD * PAYLOAD_BYTES
                    )
                )
            )

    def _end(self) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._stop.is_set() or not len(self._progress))
            if not len(self._progress):
                self._checkpoints.move(self._mapping.reader, self._origin.shard_id, SHARD_END)
        self.stop()

    def _finish(self, sequences: Iterable[str]) -> None:
        with self._moved:
            position = self._progress.finish(sequences)
            if position is not None:
                self._checkpoints.move(self._mapping.reader, self._origin.shard_id, position)
            self._moved.notify_all()
