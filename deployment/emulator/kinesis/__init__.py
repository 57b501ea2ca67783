"""Kinesis with durable records, a constant cost per put, and reshards that lose no record.

`writing` puts records, `reading` gets them, `shards` creates and reshards, `operations` holds the operations on whole
streams, `storage` stores the records on disk, `faults` injects faults. MiniStack's delivery to Firehose inside the put
is removed: `deployment.workers` read streams as AWS's services do, with GetRecords.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from ministack.services import kinesis

from deployment.emulator.kinesis import operations, shards, state
from deployment.emulator.kinesis.faults import Faults
from deployment.emulator.kinesis.reading import Reader
from deployment.emulator.kinesis.storage import Storage
from deployment.emulator.kinesis.writing import Writer

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:
    """Put these in the place of MiniStack's."""
    storage = Storage(settings.directory / "kinesis")
    faults = Faults(settings.directory)
    writer = Writer(storage, faults)
    reader = Reader(storage, faults, operations.find_by_arn)

    def put_for_other_services(arn: str, partition_key: str, data: bytes) -> bool:
        stream = operations.find_by_arn(arn)
        if stream is not None:
            writer.put_record(stream, {"PartitionKey": partition_key, "Data": b64encode(data).decode()})
        return stream is not None

    overrides = {
        "_next_sequence_number": storage.numbers.issue,
        "_expire_records": storage.expire,
        "_shard_out": shards.describe_shard,
        "_create_stream": operations.create(storage),
        "_delete_stream": operations.delete(kinesis._delete_stream, storage),
        "_describe_stream_summary": operations.describe_summary(kinesis._describe_stream_summary),
        "_list_streams": operations.list_streams(kinesis._list_streams),
        "_list_shards": operations.list_shards(kinesis._list_shards),
        "_put_record": operations.on_stream(writer.put_record),
        "_put_records": operations.on_stream(writer.put_records),
        "_get_shard_iterator": operations.on_stream(reader.get_shard_iterator),
        "_get_records": operations.respond_with(reader.get_records),
        "_split_shard": operations.on_stream(lambda stream, request: shards.split(storage, stream, request)),
        "_merge_shards": operations.on_stream(lambda stream, request: shards.merge(storage, stream, request)),
        "_update_shard_count": operations.on_stream(
            lambda stream, request: shards.update_count(storage, stream, request)
        ),
        "put_record_internal": put_for_other_services,
        "handle_request": operations.with_missing_operations(kinesis.handle_request),
        "get_state": state.copy_without_records,
        "load_persisted_state": state.restore_with_records(kinesis.load_persisted_state, storage),
    }
    for name, override in overrides.items():
        setattr(kinesis, name, override)
