"""What is to be carried: mappings and delivery streams as they come, change and go, and a consumer for each shard."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Protocol

from deployment.workers.cloud import CloudError, error_code, may_pass
from deployment.workers.delivery.consumer import DeliveryShard
from deployment.workers.delivery.settings import Unsupported, read_delivery
from deployment.workers.mapping.batch import Origin
from deployment.workers.mapping.consumer import MappingShard
from deployment.workers.mapping.settings import Mapping, read_mapping
from deployment.workers.shards import Shard, ShardReader, list_shards, readable

if TYPE_CHECKING:
    import threading

    from deployment.workers.checkpoints import Checkpoints
    from deployment.workers.cloud import Cloud
    from deployment.workers.delivery.settings import Delivery

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
"""How often the cloud is asked what there is to carry: a new mapping is noticed within a second."""

LAST_WORD_SECONDS = 60.0
"""How long an end waits for invocations and flushes in flight; what is not done then is repeated at the next start."""


class Consumer(Protocol):
    """What reads one shard for one mapping or delivery stream."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Ask it to end; returns at once."""

    @property
    def alive(self) -> bool:
        """Whether anything of it still runs."""


class Supervisor:
    """Keeps a consumer running for every readable shard of every enabled mapping and active delivery stream.

    Parameters
    ----------
    cloud
        The clients.
    checkpoints
        Where positions are kept.
    """

    def __init__(self, cloud: Cloud, checkpoints: Checkpoints) -> None:
        self._cloud = cloud
        self._checkpoints = checkpoints
        self._tasks: dict[str, Mapping | Delivery] = {}
        self._consumers: dict[str, dict[str, Consumer]] = {}
        self._leaving: dict[str, list[Consumer]] = {}
        self._refused: set[tuple[str, str]] = set()
        self._listed_at: float | None = None
        self._reached = True

    def run(self, stop: threading.Event) -> None:
        """Serve until told to stop, then let the work in flight end.

        Parameters
        ----------
        stop
            Set when the process is to end.
        """
        while not stop.wait(TICK_SECONDS):
            try:
                self.tick()
            except CloudError as error:
                self._note_reached(reached=False, code=error_code(error))
            else:
                self._note_reached(reached=True)
        for reader in list(self._tasks):
            self._dismiss(reader)
        deadline = time.monotonic() + LAST_WORD_SECONDS
        while self._still_leaving() and time.monotonic() < deadline:
            time.sleep(0.02)

    def tick(self) -> None:
        """Compare what there is to carry with what is being carried, once.

        Raises
        ------
        BotoCoreError, ClientError
            When the cloud does not answer; what runs goes on running.
        """
        tasks: list[Mapping | Delivery] = [*self._mappings(), *self._deliveries()]
        wanted = {task.reader: task for task in tasks}
        for reader, task in list(self._tasks.items()):
            if wanted.get(reader) != task:
                self._dismiss(reader)
        self._still_leaving()
        for reader, task in wanted.items():
            if reader not in self._tasks and reader not in self._leaving:
                self._tasks[reader], self._consumers[reader] = task, {}
                log.info("task_started", extra={"reader": reader, "stream": task.stream_arn})
        shards: dict[str, list[Shard]] = {}
        for reader, task in self._tasks.items():
            try:
                if task.stream_arn not in shards:
                    shards[task.stream_arn] = list_shards(self._cloud.kinesis, task.stream_arn)
                self._staff(reader, task, shards[task.stream_arn])
            except CloudError as error:
                if may_pass(error):
                    raise
                # One stream or function that is not there must not keep the others waiting.
                self._refuse(reader, error_code(error))

    def _staff(self, reader: str, task: Mapping | Delivery, shards: list[Shard]) -> None:
        at_work = self._consumers[reader]
        for shard_id in [shard_id for shard_id, consumer in at_work.items() if not consumer.alive]:
            del at_work[shard_id]
        missing = [
            shard for shard in readable(shards, self._checkpoints.positions(reader)) if shard.shard_id not in at_work
        ]
        for shard in missing:
            consumer = self._hire(task, shard.shard_id)
            at_work[shard.shard_id] = consumer
            consumer.start()
            log.info("shard_started", extra={"reader": reader, "shard": shard.shard_id})

    def _hire(self, task: Mapping | Delivery, shard_id: str) -> Consumer:
        if isinstance(task, Mapping):
            anchor = self._checkpoints.anchor(task.reader, 0.0) if task.latest else task.start_moment
            role = self._cloud.functions.get_function_configuration(FunctionName=task.function_arn)["Role"]
            origin = Origin(task.stream_arn, shard_id, self._cloud.region, role)
            return MappingShard(self._cloud, self._checkpoints, task, origin, anchor)
        position = self._checkpoints.positions(task.reader).get(shard_id)
        reader = ShardReader(self._cloud.kinesis, task.stream_arn, shard_id, position, task.start)
        return DeliveryShard(self._cloud, self._checkpoints, task, shard_id, reader)

    def _mappings(self) -> list[Mapping]:
        began = time.time()
        answers: list[Any] = []
        request: dict[str, Any] = {}
        while True:
            page = self._cloud.functions.list_event_source_mappings(**request)
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
        # LATEST means: from the mapping's creation on. The API says when in whole seconds; it was not there when the
        # mappings were listed before.
        modified = answer["LastModified"].timestamp() if "LastModified" in answer else time.time()
        self._checkpoints.anchor(reader, max(modified, self._listed_at or 0.0))

    def _deliveries(self) -> list[Delivery]:
        names: list[str] = []
        request: dict[str, Any] = {}
        while True:
            page = self._cloud.firehose.list_delivery_streams(**request)
            names += page["DeliveryStreamNames"]
            if not page.get("HasMoreDeliveryStreams") or not page["DeliveryStreamNames"]:
                break
            request = {"ExclusiveStartDeliveryStreamName": names[-1]}
        deliveries = []
        for name in names:
            answer = self._cloud.firehose.describe_delivery_stream(DeliveryStreamName=name)
            try:
                delivery = read_delivery(answer["DeliveryStreamDescription"])
            except Unsupported as error:
                self._refuse(f"delivery/{name}", f"not supported: {error}")
                continue
            if delivery is not None:
                deliveries.append(delivery)
        return deliveries

    def _dismiss(self, reader: str) -> None:
        consumers = list(self._consumers.pop(reader).values())
        for consumer in consumers:
            consumer.stop()
        self._leaving.setdefault(reader, []).extend(consumers)
        del self._tasks[reader]
        log.info("task_stopping", extra={"reader": reader})

    def _still_leaving(self) -> bool:
        for reader, consumers in list(self._leaving.items()):
            if not any(consumer.alive for consumer in consumers):
                del self._leaving[reader]
        return bool(self._leaving)

    def _refuse(self, reader: str, reason: str) -> None:
        if (reader, reason) not in self._refused:
            self._refused.add((reader, reason))
            log.error("task_refused", extra={"reader": reader, "reason": reason})

    def _note_reached(self, *, reached: bool, code: str = "") -> None:
        if reached != self._reached:
            self._reached = reached
            log.warning("cloud_reached" if reached else "cloud_not_reached", extra={"code": code})
