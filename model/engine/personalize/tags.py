"""The rules for tags (developer guide, "Tagging Amazon Personalize resources", guidelines and requirements)."""

from __future__ import annotations

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError, TooManyTagKeysError, TooManyTagsError

RESERVED_PREFIX = "aws:"

Tag = dict[str, str]


def tagged(present: list[Tag], given: list[Tag]) -> list[Tag]:
    """Return the tags of a resource with more tags added; an existing key gets its new value.

    Raises
    ------
    InvalidInputError
        A key is repeated, or has the prefix that Amazon reserves.
    """
    keys = [entry["tagKey"] for entry in given]
    for place, key in enumerate(keys):
        if key.lower().startswith(RESERVED_PREFIX):
            raise InvalidInputError(f"a tag key may not begin with {RESERVED_PREFIX}, as {key} does")
        if key in keys[:place]:
            raise InvalidInputError(f"the tag key {key} is repeated")
    merged = {entry["tagKey"]: entry["tagValue"] for entry in (*present, *given)}
    if len(merged) > limits.TAGS_PER_RESOURCE:
        raise TooManyTagsError(f"a resource may have {limits.TAGS_PER_RESOURCE} tags, not {len(merged)}")
    return [{"tagKey": key, "tagValue": value} for key, value in merged.items()]


def untagged(present: list[Tag], keys: list[str]) -> list[Tag]:
    """Return the tags of a resource without those of some keys; unknown keys are ignored."""
    if len(keys) > limits.TAGS_PER_RESOURCE:
        raise TooManyTagKeysError(f"tagKeys has {len(keys)} members; a resource has {limits.TAGS_PER_RESOURCE} at most")
    return [tag for tag in present if tag["tagKey"] not in keys]
