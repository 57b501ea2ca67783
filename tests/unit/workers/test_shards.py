from __future__ import annotations

from deployment.workers.checkpoints import SHARD_END
from deployment.workers.shards import Shard, readable_shards

PARENT, OTHER, CHILD, EXPIRED = (
    Shard("shard-0"),
    Shard("shard-1"),
    Shard("shard-2", parents=("shard-0", "shard-1")),
    Shard("shard-3", parents=("shard-gone",)),
)


def test_a_child_waits_until_both_parents_are_read_to_the_end():
    assert readable_shards([PARENT, OTHER, CHILD], {"shard-0": SHARD_END, "shard-1": "42"}) == [OTHER]
    assert readable_shards([PARENT, OTHER, CHILD], {"shard-0": SHARD_END, "shard-1": SHARD_END}) == [CHILD]


def test_an_expired_parent_does_not_delay_its_child():
    assert readable_shards([EXPIRED], {}) == [EXPIRED]
