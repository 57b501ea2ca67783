"""Replays a stream through several clients of the Python producer, each of which sends the events of its users."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO
from zlib import crc32

from backend.client import Client, ClientClosedError
from backend.client.transports.api import ApiTransport
from backend.contract import may_deny_consent
from data.replay.bookkeeping import Ledger
from data.replay.errors import ApiAccessError, ApiUnavailableError
from data.replay.result import ReplayResult
from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from backend.client import RefusedEvent
    from backend.client.transports.interface import Answer, Entry, Verdict
    from data.stream import RawEvent, Stream

# Batches queued per client: enough to keep the connection busy, few enough to keep the stream out of memory.
_QUEUED_BATCHES = 5

# A Lambda behind API Gateway answers within 29 s or not at all.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
TIMEOUT_SECONDS = (10.0, 35.0)


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
    """Send a stream's events to POST /events in order of arrival, as they are: the API judges them.

    Events that get no verdict are sent again with the same event ids, so nothing is lost or counted twice if the server
    is killed and restarted within the time limit.

    Parameters
    ----------
    url, api_key
        The API's base URL with its stage, and an API key.
    batch_size
        Maximum number of events per request, 1 to 500.
    connections
        Number of clients, each with a connection of its own. A user's events go through one, so they stay in order.
    timeout_seconds
        How long an event is sent again before the replay fails.
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
    senders = _Senders(url, api_key, batch_size, connections, timeout_seconds, on_progress, Ledger(ledger))
    result = senders.send(events)
    result.seconds = time.monotonic() - started
    return result


class _Senders:
    """The clients of a replay and their common result; the first failure of one closes all."""

    def __init__(
        self,
        url: str,
        api_key: str,
        batch_size: int,
        connections: int,
        timeout_seconds: float,
        on_progress: Callable[[int], None],
        ledger: Ledger,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._on_progress = on_progress
        self._ledger = ledger
        self._result = ReplayResult()
        self._lock = threading.Lock()
        self._has_access = False
        self._problem = ""
        self._failure: Exception | None = None
        self._clients = [
            Client(
                _NotedTransport(url, api_key, batch_size, self.note_answer),
                max_events=_QUEUED_BATCHES * batch_size,
                deadline=timeout_seconds,
                when_full="block",
                when_invalid="send",
                on_refused=self._count_refused,
                on_lost=self._note_lost,
            )
            for _ in range(connections)
        ]

    def send(self, events: Iterable[RawEvent]) -> ReplayResult:
        """Send all events and return the result; raise the first failure."""
        clients = self._clients
        try:
            with suppress(ClientClosedError):  # after a failure, which is raised below
                for event in events:
                    clients[crc32(event.user.encode(errors="surrogatepass")) % len(clients)].send(event.payload)
            for client in clients:
                while client.flush().pending:  # each event gets its outcome, or is lost at its deadline
                    continue
        finally:
            counts = [client.close(0.0) for client in clients]
        if self._failure is not None:
            raise self._failure
        result = self._result
        result.sent = sum(count.sent for count in counts)
        result.accepted = sum(count.accepted for count in counts)
        result.suppressed = sum(count.suppressed for count in counts)
        result.requests = sum(count.requests for count in counts)
        result.retries = sum(count.retries for count in counts)
        return result

    def note_answer(self, batch: Sequence[Entry], answer: Answer, sent_at: datetime) -> Answer:
        """Note the verdicts of a request; the API that rejects the first ones ends the replay."""
        if answer.is_refused_as_a_whole and len(batch) > 1:
            return answer
        settled = [
            (entry.payload, _outcome(verdict), verdict.event_id)
            for entry, verdict in zip(batch, answer.verdicts, strict=True)
            if verdict.status != "retry"
        ]
        unsettled = [
            entry.payload for entry, verdict in zip(batch, answer.verdicts, strict=True) if verdict.status == "retry"
        ]
        self._ledger.note(settled, unsettled, sent_at)
        with self._lock:
            self._has_access = self._has_access or bool(settled)
            self._on_progress(len(settled))
        problem = answer.problem
        self._problem = problem.message if problem else ""
        if problem is None or not problem.is_permanent:
            return answer
        if not self._has_access:
            self._fail(ApiAccessError(problem.message))
        # After a first success such a status is that of a server that is starting up.
        return replace(answer, problem=replace(problem, is_permanent=False))

    def _count_refused(self, event: RefusedEvent) -> None:
        with self._lock:
            self._result.refused[event.reason] += 1
            self._result.withheld += may_deny_consent(event.payload)

    def _note_lost(self, payload: bytes) -> None:
        self._ledger.note_unknown(payload)
        message = f"events were not confirmed in {self._timeout_seconds:g} s (last: {self._problem}); is the cloud up?"
        self._fail(ApiUnavailableError(message))

    def _fail(self, failure: Exception) -> None:
        with self._lock:
            if self._failure is not None:
                return
            self._failure = failure
        for client in self._clients:
            client.close(0.0)


class _NotedTransport(ApiTransport):
    """The API, each of whose answers is noted."""

    def __init__(
        self,
        url: str,
        api_key: str,
        batch_size: int,
        note_answer: Callable[[Sequence[Entry], Answer, datetime], Answer],
    ) -> None:
        super().__init__(url, api_key, timeout=TIMEOUT_SECONDS, batch_events=batch_size)
        self._note_answer = note_answer

    def deliver(self, batch: Sequence[Entry], seconds: float | None = None) -> Answer:
        """Post a batch once, and note the verdicts."""
        sent_at = datetime.now(UTC)
        return self._note_answer(batch, super().deliver(batch, seconds), sent_at)


def _outcome(verdict: Verdict) -> str:
    if verdict.status == "accepted":
        return ACCEPTED
    return SUPPRESSED if verdict.status == "suppressed" else verdict.reason or "unknown"
