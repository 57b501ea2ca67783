"""Creates and reshards streams as AWS does.

An on-demand stream starts with four shards. Tags and the record size given at creation are stored. A shard that is
split or merged stays, closed, with its records, and its children name it as their parent. MiniStack creates one shard,
drops the tags, and deletes the parents with their records.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from deployment.emulator.kinesis.errors import KinesisError, constraint_violation, invalid_argument

if TYPE_CHECKING:
    from deployment.emulator.kinesis.storage import Storage, Stream

    Shard = dict[str, Any]

# https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
ON_DEMAND_SHARDS: Final = 4
HASH_KEYS: Final = 2**128
ENDING: Final = "ending_sequence_number"
"""The member of MiniStack's shard that marks it as closed."""
MAX_RECORD_KIB: Final = "MaxRecordSizeInKiB"
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html
MAX_RECORD_KIB_RANGE: Final = range(1024, 10240 + 1)
RANGES: Final = "rivulet_ranges"
"""The member of MiniStack's stream that caches the hash keys of its open shards."""
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_ON_DEMAND: Final = "ON_DEMAND"


def make(storage: Storage, stream: Stream, request: dict[str, Any]) -> None:
    """Set the shards, tags and sizes of a new stream; a `KinesisError` if the request is invalid."""
    on_demand = _mode(request) == _ON_DEMAND
    if on_demand and "ShardCount" in request:
        raise invalid_argument("ShardCount must not be given for a stream in ON_DEMAND mode.")
    if not on_demand and "ShardCount" not in request:
        raise invalid_argument("ShardCount must be given for a stream in PROVISIONED mode.")
    count = ON_DEMAND_SHARDS if on_demand else int(request["ShardCount"])
    if count < 1:
        raise constraint_violation("shardCount", "Member must have value greater than or equal to 1")
    stream["StreamModeDetails"] = {"StreamMode": _mode(request)}
    ranges = ((at * HASH_KEYS // count, (at + 1) * HASH_KEYS // count - 1) for at in range(count))
    stream["shards"] = {_shard_id(at): _shard(storage, begin, end) for at, (begin, end) in enumerate(ranges)}
    stream["tags"] = dict(request.get("Tags") or {})
    stream[MAX_RECORD_KIB] = _record_size(request.get(MAX_RECORD_KIB, MAX_RECORD_KIB_RANGE.start))
    storage.assign_folder(stream)


def check_name(request: dict[str, Any]) -> None:
    """Raise a `KinesisError` for an invalid stream name."""
    name = request.get("StreamName")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise constraint_violation(
            "streamName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+, 1 to 128 long"
        )


def open_ranges(stream: Stream) -> list[tuple[int, int, str]]:
    """Return the first and last hash key and the id of each open shard, in order of hash keys."""
    ranges: list[tuple[int, int, str]] | None = stream.get(RANGES)
    if ranges is None:
        ranges = sorted(
            (int(shard["starting_hash_key"]), int(shard["ending_hash_key"]), shard_id)
            for shard_id, shard in stream["shards"].items()
            if ENDING not in shard
        )
        stream[RANGES] = ranges
    return ranges


def split(storage: Storage, stream: Stream, request: dict[str, Any]) -> None:
    """Handle SplitShard: two children replace the parent."""
    parent_id = _open_shard(stream, request.get("ShardToSplit"))
    parent = stream["shards"][parent_id]
    begin, end = int(parent["starting_hash_key"]), int(parent["ending_hash_key"])
    at = str(request.get("NewStartingHashKey", ""))
    if not at.isdigit() or not begin < int(at) <= end:
        raise invalid_argument(f"NewStartingHashKey {at} is not within the shard's hash keys, {begin} to {end}.")
    _close(storage, stream, parent_id)
    _add(storage, stream, begin, int(at) - 1, parent_id)
    _add(storage, stream, int(at), end, parent_id)


def merge(storage: Storage, stream: Stream, request: dict[str, Any]) -> None:
    """Handle MergeShards: one child replaces two adjacent shards."""
    shard_to_merge = _open_shard(stream, request.get("ShardToMerge"))
    adjacent = _open_shard(stream, request.get("AdjacentShardToMerge"))
    first, second = sorted(
        (shard_to_merge, adjacent), key=lambda shard_id: int(stream["shards"][shard_id]["starting_hash_key"])
    )
    begin, end = stream["shards"][first], stream["shards"][second]
    if int(begin["ending_hash_key"]) + 1 != int(end["starting_hash_key"]):
        raise invalid_argument(f"Shards {shard_to_merge} and {adjacent} are not adjacent.")
    _close(storage, stream, shard_to_merge)
    _close(storage, stream, adjacent)
    _add(storage, stream, int(begin["starting_hash_key"]), int(end["ending_hash_key"]), shard_to_merge, adjacent)


def update_count(storage: Storage, stream: Stream, request: dict[str, Any]) -> dict[str, Any]:
    """Handle UpdateShardCount by splits and merges, as Kinesis does; intermediate shards are closed at once."""
    if _mode(stream) == _ON_DEMAND:
        raise KinesisError("ValidationException", "UpdateShardCount is for streams in PROVISIONED mode only.")
    parents = open_ranges(stream)
    target = int(request.get("TargetShardCount", 0))
    # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
    if not (len(parents) + 1) // 2 <= target <= len(parents) * 2:
        raise invalid_argument(
            f"TargetShardCount {target} is not between half and twice the {len(parents)} open shards."
        )
    answer = {
        "StreamName": stream["StreamName"],
        "StreamARN": stream["StreamARN"],
        "CurrentShardCount": len(parents),
        "TargetShardCount": target,
    }
    bounds = [at * HASH_KEYS // target for at in range(target + 1)]
    for bound in bounds[1:-1]:
        cut = next((shard_id for first, last, shard_id in open_ranges(stream) if first < bound <= last), None)
        if cut is not None:
            split(storage, stream, {"ShardToSplit": cut, "NewStartingHashKey": str(bound)})
    for begin, end in pairwise(bounds):
        while len(pieces := [shard_id for first, _, shard_id in open_ranges(stream) if begin <= first < end]) > 1:
            merge(storage, stream, {"ShardToMerge": pieces[0], "AdjacentShardToMerge": pieces[1]})
    return answer


def update_mode(stream: Stream, request: dict[str, Any]) -> None:
    """Handle UpdateStreamMode; the shards stay as they are, as on AWS."""
    stream["StreamModeDetails"] = {"StreamMode": _mode(request)}


def update_record_size(stream: Stream, request: dict[str, Any]) -> None:
    """Handle UpdateMaxRecordSize."""
    stream[MAX_RECORD_KIB] = _record_size(request.get(MAX_RECORD_KIB))


def describe_shard(shard_id: str, shard: Shard) -> dict[str, Any]:
    """Return a shard as ListShards and DescribeStream show it."""
    numbers = {"StartingSequenceNumber": shard["starting_sequence_number"]}
    if ENDING in shard:
        numbers["EndingSequenceNumber"] = shard[ENDING]
    parents = {"ParentShardId": shard["parent_shard_id"], "AdjacentParentShardId": shard["adjacent_parent_shard_id"]}
    return {
        "ShardId": shard_id,
        **{name: parent for name, parent in parents.items() if parent},
        "HashKeyRange": {"StartingHashKey": shard["starting_hash_key"], "EndingHashKey": shard["ending_hash_key"]},
        "SequenceNumberRange": numbers,
    }


def children_of(stream: Stream, parent_id: str) -> list[dict[str, Any]]:
    """Return the shards that replaced a closed shard, as GetRecords shows them at its end."""
    children = []
    for shard_id, shard in stream["shards"].items():
        parents = [parent for parent in (shard["parent_shard_id"], shard["adjacent_parent_shard_id"]) if parent]
        if parent_id in parents:
            hash_keys = describe_shard(shard_id, shard)["HashKeyRange"]
            children.append({"ShardId": shard_id, "ParentShards": parents, "HashKeyRange": hash_keys})
    return children


def _mode(described: dict[str, Any]) -> str:
    return str((described.get("StreamModeDetails") or {}).get("StreamMode", "PROVISIONED"))


def _record_size(kib: object) -> int:
    if not isinstance(kib, int) or kib not in MAX_RECORD_KIB_RANGE:
        raise invalid_argument(f"MaxRecordSizeInKiB {kib} is not between 1024 and 10240.")
    return kib


def _shard_id(number: int) -> str:
    return f"shardId-{number:012d}"


def _shard(storage: Storage, begin: int, end: int, parent: str | None = None, adjacent: str | None = None) -> Shard:
    return {
        "records": [],
        "starting_hash_key": str(begin),
        "ending_hash_key": str(end),
        "starting_sequence_number": storage.numbers.issue(),
        "parent_shard_id": parent,
        "adjacent_parent_shard_id": adjacent,
    }


def _open_shard(stream: Stream, shard_id: object) -> str:
    shard = stream["shards"].get(shard_id)
    if not isinstance(shard_id, str) or shard is None:
        raise KinesisError("ResourceNotFoundException", f"Shard {shard_id} in stream {stream['StreamName']} not found.")
    if ENDING in shard:
        raise invalid_argument(f"Shard {shard_id} in stream {stream['StreamName']} is closed.")
    return shard_id


def _close(storage: Storage, stream: Stream, shard_id: str) -> None:
    stream["shards"][shard_id][ENDING] = storage.numbers.issue()
    stream.pop(RANGES, None)


def _add(storage: Storage, stream: Stream, begin: int, end: int, *parents: str) -> None:
    number = max(int(shard_id.removeprefix("shardId-")) for shard_id in stream["shards"]) + 1
    stream["shards"][_shard_id(number)] = _shard(storage, begin, end, *parents)
    stream.pop(RANGES, None)
