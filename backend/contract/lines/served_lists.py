"""A served list as one line: the record that an answer of the API leaves, whether or not a user saw the list.

An *exposure* is a list that a user saw. It comes from an `Impression`, or from the `impression` of a `Click`, and never
from a served list.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

SCHEMA_VERSION = "1"

Source = Literal["recommender", "cache", "last_good", "popular", "chosen", "facts", "chosen_and_facts"]
"""The source of an answer; the last three are what lists for a visitor are made from."""


class ServedList(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A row of the table `served_lists`; its attributes are the columns, and an absent one is NULL."""

    served_id: Annotated[
        str, Meta(description="API Gateway's id of the request, which x-amzn-RequestId repeats; an execution's own id.")
    ]
    served_at: Annotated[str, Meta(description="When the request arrived.", extra={"hive": "timestamp"})]
    route: Annotated[str, Meta(description="recommendations, similar-items, popular or rerank.")]
    source: Annotated[Source, Meta(description=", ".join(get_args(Source)) + ".")]
    items: Annotated[list[str], Meta(description="The items in their order; the first is in position 1.")]
    recommendation_id: Annotated[str | None, Meta(description="The recommender's id; stored answers repeat it.")] = None
    model: Annotated[str | None, Meta(description="The campaign that gave the list.")] = None
    version: Annotated[str | None, Meta(description="The id of the solution version that the campaign served.")] = None
    user_id: Annotated[str | None, Meta(description="The user whom it is for.")] = None
    session_id: Annotated[str | None, Meta(description="The session of an anonymous user whom it is for.")] = None
    item_id: Annotated[str | None, Meta(description="The item that similar items were requested for.")] = None
    filter: Annotated[str | None, Meta(description="The filter that the request names.")] = None
    schema_version: Annotated[str, Meta(description="Version of this form.")]
    slot: Annotated[str | None, Meta(description="The place of the list in the shop, as the request names it.")] = None
    variation: Annotated[str | None, Meta(description="The variation of an experiment, as the request names it.")] = (
        None
    )


_encode = msgspec.json.Encoder().encode


def served_list_line(served: ServedList) -> bytes:
    """Return a served list as one JSON line with its line end."""
    return _encode(served) + b"\n"
