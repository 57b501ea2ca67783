"""Snapshots of streams without their records, which have files of their own."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import kinesis

from deployment.emulator.kinesis.shards import RANGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.kinesis.storage import Storage, Stream


def copy_without_records() -> dict[str, Any]:
    """Return a copy of the state for a snapshot."""
    streams = AccountRegionScopedDict()
    for (account, region, name), stream in kinesis._streams.all_items():
        streams.set_scoped(account, region, name, _bare(stream))
    return {
        "streams": streams,
        "consumers": copy.deepcopy(kinesis._consumers),
        "resource_policies": copy.deepcopy(kinesis._resource_policies),
    }


def restore_with_records(
    restore: Callable[[dict[str, Any]], None], storage: Storage
) -> Callable[[dict[str, Any]], None]:
    """Wrap MiniStack's loading of a snapshot so that it loads the records, too."""

    def load(data: dict[str, Any]) -> None:
        restore(data)
        streams = kinesis._streams.all_values()
        for stream in streams:
            storage.load(stream)
        storage.remove_all_but(streams)

    return load


def _bare(stream: Stream) -> Stream:
    described = {member: value for member, value in stream.items() if member not in {"shards", RANGES}}
    shards = {
        shard_id: {member: value for member, value in shard.items() if member != "records"}
        for shard_id, shard in stream["shards"].items()
    }
    return {**copy.deepcopy(described), "shards": shards}
