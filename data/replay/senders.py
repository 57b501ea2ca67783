"""Replays a stream over several connections, each of which sends the events of its users in order."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, BinaryIO

from data.replay.batches import encode_body, split_into_batches
from data.replay.bookkeeping import Ledger
from data.replay.http_client import ApiClient, ApiUnavailableError, RetryDeadline
from data.replay.outcomes import read_outcomes
from data.replay.result import ReplayResult
from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from data.replay.batches import Batch
    from data.stream import RawEvent, Stream

# Batches queued per partition: enough to keep the connection busy, few enough to keep the stream out of memory.
_QUEUED_BATCHES = 4
_QUEUE_POLL_SECONDS = 0.2


def replay(
    stream: Stream | Iterable[RawEvent],
    url: str,
    api_key: str,
    *,
    batch_size: int = 100,
    connections: int = 4,
    timeout_seconds: float = 120.0,
    on_progress: Callable[[int], None] = lambda _: None,
    ledger: BinaryIO | None = None,
) -> ReplayResult:
    """Send a stream's events to POST /events in order of arrival.

    Requests that get a 429, a 5xx or a broken connection are sent again with the same event ids, so nothing is lost or
    counted twice if the server is killed and restarted within the time limit.

    Parameters
    ----------
    url, api_key
        The API's base URL with its stage, and an API key.
    batch_size
        Maximum number of events per request, 1 to 500.
    on_progress
        Called with the number of events settled since the last call, never concurrently.
    ledger
        Gets a line for each sending of an event, see `backend.contract.accounting.ledger`.

    Returns
    -------
    ReplayResult
        The counts, with every event of the stream under exactly one outcome.

    Raises
    ------
    ApiUnavailableError, ApiAccessError
        The API does not answer, or it rejects the URL or the key.
    """
    events = stream if not hasattr(stream, "events") else stream.events
    started = time.monotonic()
    senders = _OrderedSenders(url, api_key, connections, timeout_seconds, on_progress, Ledger(ledger))
    senders.send(split_into_batches(events, size=batch_size, partitions=connections))
    senders.result.seconds = time.monotonic() - started
    return senders.result


class _OrderedSenders:
    """One sender per partition, each with a queue and a connection, and their common result."""

    def __init__(
        self,
        url: str,
        api_key: str,
        connections: int,
        timeout_seconds: float,
        on_progress: Callable[[int], None],
        ledger: Ledger,
    ) -> None:
        self.result = ReplayResult()
        self._ledger = ledger
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._has_failed = threading.Event()
        self._queues: list[Queue[Batch | None]] = [Queue(_QUEUED_BATCHES) for _ in range(connections)]
        has_access = threading.Event()
        self._clients = [
            ApiClient(url, api_key, timeout_seconds=timeout_seconds, on_retry=self._count_retry, has_access=has_access)
            for _ in self._queues
        ]

    def send(self, batches: Iterable[Batch]) -> None:
        """Send all batches; the first error of a sender stops all of them and is raised here."""
        with ThreadPoolExecutor(len(self._queues), thread_name_prefix="sender") as pool:
            senders = [pool.submit(self._run, *sender) for sender in zip(self._queues, self._clients, strict=True)]
            try:
                for batch in batches:
                    if not self._enqueue(batch.partition, batch):
                        break
                for partition in range(len(self._queues)):
                    self._enqueue(partition, None)
            except BaseException:
                self._has_failed.set()
                raise
        for sender in senders:
            sender.result()

    def _enqueue(self, partition: int, batch: Batch | None) -> bool:
        while not self._has_failed.is_set():
            try:
                self._queues[partition].put(batch, timeout=_QUEUE_POLL_SECONDS)
            except Full:
                continue
            return True
        return False

    def _run(self, queue: Queue[Batch | None], client: ApiClient) -> None:
        try:
            while (batch := self._dequeue(queue)) is not None:
                self._send_until_settled(client, batch)
        except BaseException:
            self._has_failed.set()
            raise
        finally:
            client.close()

    def _dequeue(self, queue: Queue[Batch | None]) -> Batch | None:
        while not self._has_failed.is_set():
            try:
                return queue.get(timeout=_QUEUE_POLL_SECONDS)
            except Empty:
                continue
        return None

    def _send_until_settled(self, client: ApiClient, batch: Batch) -> None:
        """Send a batch until each of its events has an outcome."""
        payloads = batch.payloads
        deadline = RetryDeadline(client.timeout_seconds)
        while payloads:
            sending = self._ledger.sending(payloads)
            with sending:
                response = client.post("/events", encode_body(payloads, is_json=batch.is_json))
            outcomes, event_ids, is_refused_as_a_whole = read_outcomes(response, len(payloads))
            if is_refused_as_a_whole and len(payloads) > 1:
                # A single event may have caused the refusal: bisect to isolate it.
                middle = len(payloads) // 2
                self._send_until_settled(client, batch._replace(payloads=payloads[:middle]))
                self._send_until_settled(client, batch._replace(payloads=payloads[middle:]))
                return
            sending.settle(outcomes, event_ids)
            self._count_outcomes([outcome for outcome in outcomes if outcome is not None])
            unsettled = [payload for payload, outcome in zip(payloads, outcomes, strict=True) if outcome is None]
            if unsettled:
                if len(unsettled) < len(payloads):
                    deadline = RetryDeadline(client.timeout_seconds)
                if not deadline.pause(response.retry_after_seconds):
                    sending.note_unknown(unsettled)
                    raise ApiUnavailableError(
                        f"the stream accepted none of {len(unsettled)} events in {deadline.seconds:g} s"
                    )
                self._count_retry()
            payloads = unsettled

    def _count_outcomes(self, outcomes: list[str]) -> None:
        with self._lock:
            result = self.result
            result.requests += 1
            result.sent += len(outcomes)
            for outcome in outcomes:
                if outcome == ACCEPTED:
                    result.accepted += 1
                elif outcome == SUPPRESSED:
                    result.suppressed += 1
                else:
                    result.refused[outcome] += 1
            self._on_progress(len(outcomes))

    def _count_retry(self) -> None:
        with self._lock:
            self.result.retries += 1
