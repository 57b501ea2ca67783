"""Starts and stops a consumer for each shard as mappings and delivery streams are created, changed and deleted."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Protocol

from deployment.workers.clients import AWS_ERRORS, error_code, is_transient
from deployment.workers.delivery.consumer import DeliveryShard
from deployment.workers.delivery.settings import UnsupportedError, read_delivery
from deployment.workers.mapping.batch import Origin
from deployment.workers.mapping.consumer import MappingShard
from deployment.workers.mapping.settings import Mapping, read_mapping
from deployment.workers.shards import Shard, ShardReader, list_shards, readable_shards

if TYPE_CHECKING:
    import threading

    from deployment.workers.checkpoints import Checkpoints
    from deployment.workers.clients import Clients
    from deployment.workers.delivery.settings import Delivery

log = logging.getLogger(__name__)

RECONCILE_SECONDS = 0.5
"""The interval at which mappings and delivery streams are listed: a new mapping runs within a second."""

SHUTDOWN_TIMEOUT_SECONDS = 60.0
"""The time that a shutdown waits for invocations and flushes in flight; unfinished ones are repeated after a start."""


class Consumer(Protocol):
    """Reads one shard for one mapping or delivery stream."""

    def start(self) -> None:
        """Start the threads."""

    def stop(self) -> None:
        """Request the threads to end; returns at once."""

    @property
    def is_alive(self) -> bool:
        """Whether any of its threads still runs."""


class Supervisor:
    """Keeps a consumer running for every readable shard of every enabled mapping and active delivery stream."""

    def __init__(self, clients: Clients, checkpoints: Checkpoints) -> None:
        self._clients = clients
        self._checkpoints = checkpoints
        self._tasks: dict[str, Mapping | Delivery] = {}
        self._consumers: dict[str, dict[str, Consumer]] = {}
        self._stopping: dict[str, list[Consumer]] = {}
        self._rejected: set[tuple[str, str]] = set()
        self._listed_at: float | None = None
        self._is_reachable = True

    def run(self, stop: threading.Event) -> None:
        """Reconcile until `stop` is set, then wait for invocations and flushes in flight."""
        while not stop.wait(RECONCILE_SECONDS):
            try:
                self.reconcile()
            except AWS_ERRORS as error:
                self._log_reachability(reached=False, code=error_code(error))
            except KeyError:  # an emulator that ends may answer without the members of an answer
                self._log_reachability(reached=False, code="IncompleteAnswer")
            else:
                self._log_reachability(reached=True)
        for reader in list(self._tasks):
            self._stop_task(reader)
        deadline = time.monotonic() + SHUTDOWN_TIMEOUT_SECONDS
        while self._has_stopping_consumers() and time.monotonic() < deadline:
            time.sleep(0.02)

    def reconcile(self) -> None:
        """Stop the tasks that changed or were deleted, and start consumers for new tasks and shards.

        Raises
        ------
        BotoCoreError, ClientError
            If a request fails; running consumers are not affected.
        """
        tasks: list[Mapping | Delivery] = [*self._mappings(), *self._deliveries()]
        desired = {task.reader: task for task in tasks}
        for reader, task in list(self._tasks.items()):
            if desired.get(reader) != task:
                self._stop_task(reader)
        self._has_stopping_consumers()
        for reader, task in desired.items():
            if reader not in self._tasks and reader not in self._stopping:
                self._tasks[reader], self._consumers[reader] = task, {}
                log.info("task_started", extra={"reader": reader, "stream": task.stream_arn})
        shards: dict[str, list[Shard]] = {}
        for reader, task in self._tasks.items():
            try:
                if task.stream_arn not in shards:
                    shards[task.stream_arn] = list_shards(self._clients.kinesis, task.stream_arn)
                self._start_consumers(reader, task, shards[task.stream_arn])
            except AWS_ERRORS as error:
                if is_transient(error):
                    raise
                # A missing stream or function must not delay the other tasks.
                self._log_rejected(reader, error_code(error))

    def _start_consumers(self, reader: str, task: Mapping | Delivery, shards: list[Shard]) -> None:
        running = self._consumers[reader]
        for shard_id in [shard_id for shard_id, consumer in running.items() if not consumer.is_alive]:
            del running[shard_id]
        missing = [
            shard
            for shard in readable_shards(shards, self._checkpoints.positions(reader))
            if shard.shard_id not in running
        ]
        for shard in missing:
            consumer = self._create_consumer(task, shard.shard_id)
            running[shard.shard_id] = consumer
            consumer.start()
            log.info("shard_started", extra={"reader": reader, "shard": shard.shard_id})

    def _create_consumer(self, task: Mapping | Delivery, shard_id: str) -> Consumer:
        if isinstance(task, Mapping):
            anchor = self._checkpoints.anchor(task.reader, 0.0) if task.latest else task.start_moment
            role = self._clients.functions.get_function_configuration(FunctionName=task.function_arn)["Role"]
            origin = Origin(task.stream_arn, shard_id, self._clients.region, role)
            return MappingShard(self._clients, self._checkpoints, task, origin, anchor)
        position = self._checkpoints.positions(task.reader).get(shard_id)
        reader = ShardReader(self._clients.kinesis, task.stream_arn, shard_id, position, task.start)
        return DeliveryShard(self._clients, self._checkpoints, task, shard_id, reader)

    def _mappings(self) -> list[Mapping]:
        began = time.time()
        answers: list[Any] = []
        request: dict[str, Any] = {}
        while True:
            page = self._clients.functions.list_event_source_mappings(**request)
            answers += page["EventSourceMappings"]
            if not page.get("NextMarker"):
                break
            request = {"Marker": page["NextMarker"]}
        mappings = []
        for answer in answers:
            mapping = read_mapping(answer)
            if answer.get("StartingPosition") == "LATEST":
                self._anchor(f"mapping/{answer['UUID']}", answer)
            if mapping is not None:
                mappings.append(mapping)
        self._listed_at = began
        return mappings

    def _anchor(self, reader: str, answer: Any) -> None:
        # LATEST means from the mapping's creation on. The API returns that time in whole seconds; the mapping did not
        # exist when the mappings were listed before.
        modified = answer["LastModified"].timestamp() if "LastModified" in answer else time.time()
        self._checkpoints.anchor(reader, max(modified, self._listed_at or 0.0))

    def _deliveries(self) -> list[Delivery]:
        names: list[str] = []
        request: dict[str, Any] = {}
        while True:
            page = self._clients.firehose.list_delivery_streams(**request)
            names += page["DeliveryStreamNames"]
            if not page.get("HasMoreDeliveryStreams") or not page["DeliveryStreamNames"]:
                break
            request = {"ExclusiveStartDeliveryStreamName": names[-1]}
        deliveries = []
        for name in names:
            answer = self._clients.firehose.describe_delivery_stream(DeliveryStreamName=name)
            try:
                delivery = read_delivery(answer["DeliveryStreamDescription"])
            except UnsupportedError as error:
                self._log_rejected(f"delivery/{name}", f"not supported: {error}")
                continue
            if delivery is not None:
                deliveries.append(delivery)
        return deliveries

    def _stop_task(self, reader: str) -> None:
        consumers = list(self._consumers.pop(reader).values())
        for consumer in consumers:
            consumer.stop()
        self._stopping.setdefault(reader, []).extend(consumers)
        del self._tasks[reader]
        log.info("task_stopping", extra={"reader": reader})

    def _has_stopping_consumers(self) -> bool:
        for reader, consumers in list(self._stopping.items()):
            if not any(consumer.is_alive for consumer in consumers):
                del self._stopping[reader]
        return bool(self._stopping)

    def _log_rejected(self, reader: str, reason: str) -> None:
        if (reader, reason) not in self._rejected:
            self._rejected.add((reader, reason))
            log.error("task_refused", extra={"reader": reader, "reason": reason})

    def _log_reachability(self, *, reached: bool, code: str = "") -> None:
        if reached != self._is_reachable:
            self._is_reachable = reached
            log.warning("cloud_reached" if reached else "cloud_not_reached", extra={"code": code})
