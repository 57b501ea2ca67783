"""One shard of a delivery stream: a thread that reads, transforms, puts the objects and then moves the position."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from deployment.workers.checkpoints import SHARD_END
from deployment.workers.cloud import CloudError, error_code, may_pass
from deployment.workers.delivery.buffer import Buffer
from deployment.workers.delivery.failures import CONVERSION_FAILED, PROCESSING_FAILED, Failure, write_failures
from deployment.workers.delivery.invoke import Interrupted, transform
from deployment.workers.delivery.objects import Flush, join
from deployment.workers.delivery.parquet import NO_SCHEMA, NO_TABLE, columns_of, convert, fail_all
from deployment.workers.delivery.schema import UnknownType
from deployment.workers.delivery.source import rows_of
from deployment.workers.delivery.transform import batches
from deployment.workers.shards import ShardClosed, ShardReader, pauses

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from deployment.workers.checkpoints import Checkpoints
    from deployment.workers.cloud import Cloud
    from deployment.workers.delivery.settings import Conversion, Delivery
    from deployment.workers.delivery.source import Row

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 0.4
"""Between vain reads: what is buffered for a minute need not be read at once."""


class DeliveryShard:
    """Delivers one shard of a delivery stream until it is stopped or the shard ends.

    Parameters
    ----------
    cloud
        The clients.
    checkpoints
        Where its position is kept.
    delivery
        What it works for.
    shard_id
        The shard.
    reader
        Where its records come from.
    """

    def __init__(
        self, cloud: Cloud, checkpoints: Checkpoints, delivery: Delivery, shard_id: str, reader: ShardReader
    ) -> None:
        self._cloud = cloud
        self._checkpoints = checkpoints
        self._delivery = delivery
        self._shard_id = shard_id
        self._reader = reader
        self._buffer = Buffer(delivery)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"delivery-{shard_id}")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the flush in flight; returns at once. What is only buffered is read again next time."""
        self._stop.set()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._deliver()
        except Interrupted:
            log.info("delivery_interrupted", extra={"delivery": self._delivery.name, "shard": self._shard_id})

    def _deliver(self) -> None:
        between = pauses(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        while not self._stop.is_set():
            try:
                records = self._reader.read()
            except ShardClosed:
                self._flush()
                self._checkpoints.move(self._delivery.reader, self._shard_id, SHARD_END)
                return
            except CloudError as error:
                log.debug("shard_not_read", extra={"shard": self._shard_id, "code": error_code(error)})
                self._stop.wait(LONGEST_PAUSE_SECONDS)
                continue
            if records:
                self._buffer.take(rows_of(records, self._delivery.direct), records[-1].sequence, time.monotonic())
                between = pauses(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            if self._buffer.flush_due(time.monotonic()):
                self._flush()
            elif self._buffer.transform_due(time.monotonic()):
                self._transform()
            elif not records:
                self._stop.wait(next(between))

    def _transform(self) -> None:
        how = self._delivery.transform
        if how is None or not self._buffer.raw:
            return
        delivered: list[Row] = []
        failures: list[Failure] = []
        for batch in batches(self._buffer.raw, how.buffer_bytes):
            good, bad = transform(self._cloud, self._delivery, how, self._shard_id, batch, self._stop)
            delivered += good
            failures += bad
        self._buffer.transformed(delivered, failures)

    def _flush(self) -> None:
        self._transform()
        held = self._buffer
        if held.first_sequence is None or held.last_sequence is None:
            return
        flush = Flush(self._delivery, self._shard_id, held.first_sequence)
        body, delivered, failures = self._body(held.ready)
        failures = held.failures + failures
        if body is not None:
            self._put(flush.key(min(row.arrived for row in delivered)), body)
        for error_type in (PROCESSING_FAILED, CONVERSION_FAILED):
            self._put_failures(flush, error_type, [failure for failure in failures if failure.error_type == error_type])
        self._checkpoints.move(self._delivery.reader, self._shard_id, held.last_sequence)
        counts = {"records": len(delivered), "failed": len(failures), "bytes": len(body or b"")}
        log.info("delivered", extra={"delivery": self._delivery.name, "shard": self._shard_id, **counts})
        self._buffer = Buffer(self._delivery)

    def _body(self, rows: list[Row]) -> tuple[bytes | None, list[Row], list[Failure]]:
        conversion = self._delivery.conversion
        if not rows:
            return None, [], []
        if conversion is None:
            return join(rows, self._delivery.delimiter, self._delivery.gzip), rows, []
        try:
            columns = columns_of(self._table(conversion))
        except ClientError as error:
            message = f"The table {conversion.database}.{conversion.table} cannot be read: {error_code(error)}."
            return None, [], fail_all(rows, NO_TABLE, message, time.time())
        except UnknownType as error:
            return None, [], fail_all(rows, NO_SCHEMA, f"The table's schema cannot be used: {error}.", time.time())
        return convert(rows, columns, conversion, time.time())

    def _table(self, conversion: Conversion) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            answer = self._cloud.glue.get_table(DatabaseName=conversion.database, Name=conversion.table)
            return dict(answer["Table"])

        return self._until_answered(ask, give_up_on_refusal=True)

    def _put_failures(self, flush: Flush, error_type: str, failures: list[Failure]) -> None:
        if not failures:
            return
        how = self._delivery.transform
        body = write_failures(
            failures,
            how.function_arn if how else None,
            self._delivery.conversion,
            self._cloud.region,
            self._delivery.arn.split(":")[4],
        )
        self._put(flush.error_key(error_type, min(failure.row.arrived for failure in failures)), body)

    def _put(self, key: str, body: bytes) -> None:
        # Firehose retries a refused put for as long as it holds the records, so a bucket made late still gets them.
        request: dict[str, Any] = {"Bucket": self._delivery.bucket, "Key": key, "Body": body}
        if self._delivery.key_arn:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._delivery.key_arn}
        self._until_answered(lambda: self._cloud.s3.put_object(**request), give_up_on_refusal=False)

    def _until_answered(self, call: Callable[[], _Answer], *, give_up_on_refusal: bool) -> _Answer:
        between = pauses(FIRST_PAUSE_SECONDS, 10 * LONGEST_PAUSE_SECONDS)
        while True:
            try:
                return call()
            except CloudError as error:
                if give_up_on_refusal and not may_pass(error):
                    raise
                log.warning("not_stored", extra={"delivery": self._delivery.name, "code": error_code(error)})
            if self._stop.wait(next(between)):
                raise Interrupted
