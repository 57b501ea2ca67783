"""Consumes one shard of a delivery stream: reads, transforms, puts the objects, and then moves the position."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from deployment.workers.checkpoints import SHARD_END
from deployment.workers.clients import AWS_ERRORS, error_code, is_transient
from deployment.workers.delivery.buffer import Buffer
from deployment.workers.delivery.failures import CONVERSION_FAILED, PROCESSING_FAILED, Failure, write_failures
from deployment.workers.delivery.invoke import StopRequestedError, transform
from deployment.workers.delivery.objects import Flush, join
from deployment.workers.delivery.parquet import NO_SCHEMA, NO_TABLE, columns_of, convert, fail_all
from deployment.workers.delivery.schema import UnknownTypeError
from deployment.workers.delivery.source import rows_of
from deployment.workers.delivery.transform import split_batches
from deployment.workers.shards import ShardClosedError, ShardReader, backoff_delays

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from deployment.workers.checkpoints import Checkpoints
    from deployment.workers.clients import Clients
    from deployment.workers.delivery.settings import Conversion, Delivery
    from deployment.workers.delivery.source import Row

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.05, 0.4
"""Delays between reads without records: a buffer of a minute needs no immediate read."""


class DeliveryShard:
    """Delivers one shard of a delivery stream until it is stopped or the shard ends."""

    def __init__(
        self, clients: Clients, checkpoints: Checkpoints, delivery: Delivery, shard_id: str, reader: ShardReader
    ) -> None:
        self._clients = clients
        self._checkpoints = checkpoints
        self._delivery = delivery
        self._shard_id = shard_id
        self._reader = reader
        self._buffer = Buffer(delivery)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"delivery-{shard_id}")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Request the thread to end after the flush in flight; returns at once. Buffered records are read again."""
        self._stop.set()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._deliver()
        except StopRequestedError:
            log.info("delivery_interrupted", extra={"delivery": self._delivery.name, "shard": self._shard_id})

    def _deliver(self) -> None:
        delays = backoff_delays(FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
        while not self._stop.is_set():
            try:
                records = self._reader.read()
            except ShardClosedError:
                self._flush()
                self._checkpoints.move(self._delivery.reader, self._shard_id, SHARD_END)
                return
            except AWS_ERRORS as error:
                log.debug("shard_not_read", extra={"shard": self._shard_id, "code": error_code(error)})
                self._stop.wait(LONGEST_DELAY_SECONDS)
                continue
            if records:
                self._buffer.add(rows_of(records, self._delivery.direct), records[-1].sequence, time.monotonic())
                delays = backoff_delays(FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS)
            if self._buffer.is_flush_due(time.monotonic()):
                self._flush()
            elif self._buffer.is_transform_due(time.monotonic()):
                self._transform()
            elif not records:
                self._stop.wait(next(delays))

    def _transform(self) -> None:
        settings = self._delivery.transform
        if settings is None or not self._buffer.raw:
            return
        delivered: list[Row] = []
        failures: list[Failure] = []
        for batch in split_batches(self._buffer.raw, settings.buffer_bytes):
            good, bad = transform(self._clients, self._delivery, settings, self._shard_id, batch, self._stop)
            delivered += good
            failures += bad
        self._buffer.add_transformed(delivered, failures)

    def _flush(self) -> None:
        self._transform()
        buffer = self._buffer
        if buffer.first_sequence is None or buffer.last_sequence is None:
            return
        flush = Flush(self._delivery, self._shard_id, buffer.first_sequence)
        body, delivered, failures = self._body(buffer.ready)
        failures = buffer.failures + failures
        if body is not None:
            self._put(flush.key(min(row.arrived for row in delivered)), body)
        for error_type in (PROCESSING_FAILED, CONVERSION_FAILED):
            self._put_failures(flush, error_type, [failure for failure in failures if failure.error_type == error_type])
        self._checkpoints.move(self._delivery.reader, self._shard_id, buffer.last_sequence)
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
        except UnknownTypeError as error:
            return None, [], fail_all(rows, NO_SCHEMA, f"The table's schema cannot be used: {error}.", time.time())
        return convert(rows, columns, conversion, time.time())

    def _table(self, conversion: Conversion) -> dict[str, Any]:
        def get_table() -> dict[str, Any]:
            answer = self._clients.glue.get_table(DatabaseName=conversion.database, Name=conversion.table)
            return dict(answer["Table"])

        return self._retry(get_table, raises_permanent=True)

    def _put_failures(self, flush: Flush, error_type: str, failures: list[Failure]) -> None:
        if not failures:
            return
        settings = self._delivery.transform
        body = write_failures(
            failures,
            settings.function_arn if settings else None,
            self._delivery.conversion,
            self._clients.region,
            self._delivery.arn.split(":")[4],
        )
        self._put(flush.error_key(error_type, min(failure.row.arrived for failure in failures)), body)

    def _put(self, key: str, body: bytes) -> None:
        # Firehose retries a rejected put while it has the records, so a bucket that is created late still gets them.
        request: dict[str, Any] = {"Bucket": self._delivery.bucket, "Key": key, "Body": body}
        if self._delivery.key_arn:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._delivery.key_arn}
        self._retry(lambda: self._clients.s3.put_object(**request), raises_permanent=False)

    def _retry(self, call: Callable[[], _Answer], *, raises_permanent: bool) -> _Answer:
        delays = backoff_delays(FIRST_DELAY_SECONDS, 10 * LONGEST_DELAY_SECONDS)
        while True:
            try:
                return call()
            except AWS_ERRORS as error:
                if raises_permanent and not is_transient(error):
                    raise
                log.warning("not_stored", extra={"delivery": self._delivery.name, "code": error_code(error)})
            if self._stop.wait(next(delays)):
                raise StopRequestedError
