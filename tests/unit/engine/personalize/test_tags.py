"""Tags as a small algebra: what is given last holds, and what is taken off is gone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.personalize.errors import InvalidInputError, TooManyTagKeysError, TooManyTagsError
from model.engine.personalize.tags import tagged, untagged

KEYS = st.sampled_from([f"key-{number}" for number in range(6)])
TAGS = st.dictionaries(KEYS, st.text(max_size=3)).map(
    lambda given: [{"tagKey": key, "tagValue": value} for key, value in given.items()]
)


@given(present=TAGS, more=TAGS)
def test_what_is_given_last_holds_and_giving_it_again_changes_nothing(present, more):
    merged = tagged(present, more)

    assert {entry["tagKey"] for entry in merged} == {entry["tagKey"] for entry in (*present, *more)}
    assert all(entry in merged for entry in more)
    assert tagged(merged, more) == merged


@given(present=TAGS, keys=st.lists(KEYS))
def test_what_is_taken_off_is_gone_and_the_rest_stays(present, keys):
    left = untagged(present, keys)

    assert [tag for tag in present if tag["tagKey"] not in keys] == left
    assert untagged(left, keys) == left


def test_fifty_tags_fit_and_no_more():
    fifty = [{"tagKey": str(number), "tagValue": ""} for number in range(50)]

    assert len(tagged(fifty, fifty)) == 50
    with pytest.raises(TooManyTagsError, match="may have 50 tags, not 51"):
        tagged(fifty, [{"tagKey": "one more", "tagValue": ""}])
    with pytest.raises(TooManyTagKeysError, match="51 members"):
        untagged(fifty, [str(number) for number in range(51)])
    with pytest.raises(InvalidInputError, match="is repeated"):
        tagged([], [fifty[0], fifty[0]])
