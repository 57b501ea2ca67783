"""Events between valid and hostile, for Hypothesis."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from backend.contract.rules.placeholder_ids import SESSION_PREFIX, is_placeholder

ids = st.one_of(
    st.text(min_size=1, max_size=8),
    st.sampled_from(["null", "NULL", "undefined", "NaN", "[object Object]", " ", " " * 256, "nullify", " null"]),
    st.sampled_from(["nUlL\u3000", "USER_ID", "user_id", "session#s", "[object null]"]),
    st.sampled_from(
        ["", "u", "a\nb", "del\x7f", "\x00", "é" * 256, "x" * 256, "x" * 257, "back\\slash n \\n", 'quo"te']
    ),
)
instants = st.sampled_from(
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.123456789+05:45",
        "2026-01-31 12:00:00z",
        "2026-01-31T12:00Z",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31T23:59:60Z",
        "2026-01-31T12:00:00+0200",
        "1994-12-31T23:59:59.999Z",
        "1995-01-01T00:00:00Z",
        "2026-02-01T00:15:00.000Z",
        "2026-02-01T00:15:00.001Z",
        "0001-01-01T00:00:00+12:00",
        "9999-12-31T23:59:59.9999999-12:00",
        "١٩٩٩-01-01T00:00:00Z",
        "",
        1769860800,
        None,
        True,
    ]
)
numbers = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**53 - 1, 2**53, -(2**53), 2**64, 10**30, -0.0, 1e308]),
)
scalars = st.one_of(ids, numbers, st.booleans(), st.none())
anything = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(ids, scalars, max_size=3))
properties = st.one_of(
    st.dictionaries(st.text(max_size=6), st.one_of(scalars, anything), max_size=4),
    st.integers(20, 30).map(lambda count: {f"k{index}": index for index in range(count)}),
    st.integers(1000, 1030).map(lambda length: {"k": "x" * length}),
)


valid_ids = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8).filter(
    lambda text: not is_placeholder(text) and not text.startswith(SESSION_PREFIX)
)
valid_scalars = st.one_of(
    valid_ids, st.integers(-(2**53) + 1, 2**53 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
)
labels = st.one_of(ids, st.sampled_from(["home-top", "null"]))
counts = st.one_of(numbers, st.sampled_from([1, 2, 1.0, 10_000, 10_001, 0, -1, True, "1", 2**70]))
valid_labels = st.one_of(valid_ids, st.integers(256, 256).map(lambda length: "é" * length))
valid_counts = st.integers(1, 10_000)
valid_events = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(["View", "Click", "Purchase", "Purchase"]),
        "timestamp": st.sampled_from(["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456789+05:45"]),
        "user_id": valid_ids,
        "item_id": valid_ids,
    },
    optional={
        "event_id": valid_ids,
        "session_id": valid_ids,
        "event_value": st.floats(allow_nan=False, allow_infinity=False, width=32),
        "impression": st.lists(valid_ids, min_size=1, max_size=25),
        "recommendation_id": valid_ids,
        "properties": st.dictionaries(valid_ids, st.none() | valid_scalars, max_size=5),
        "consent": st.sampled_from(["granted", "denied"]),
        "schema_version": st.just("1"),
        "received_at": st.just("2026-01-31T12:00:00Z"),
        "visitor_id": valid_labels,
        "position": valid_counts,
        "slot": valid_labels,
        "variation": valid_labels,
        "model": valid_labels,
        "source": valid_labels,
        "device": valid_labels,
        "producer": st.sampled_from(["page", "server"]),
    },
)
mutations = {
    "event_type": st.sampled_from(["Search", "Impression", "AddToCart", "view"]),
    "timestamp": instants,
    "event_id": ids,
    "user_id": ids,
    "session_id": ids,
    "item_id": ids,
    "event_value": numbers,
    "impression": st.lists(ids, max_size=27),
    "recommendation_id": st.sampled_from(["r", "x" * 40, "x" * 41]),
    "properties": properties,
    "consent": ids,
    "schema_version": ids,
    "received_at": instants,
    "visitor_id": labels,
    "order_id": labels,
    "quantity": counts,
    "currency": st.sampled_from(["EUR", "eur", "EURO", "E1R", "EUR\n", "ÄÖÜ", "", None, 3]),
    "position": counts,
    "positions": st.lists(counts, max_size=4),
    "slot": labels,
    "device": labels,
    "producer": labels,
    "unknown": anything,
}
shown_lists = st.fixed_dictionaries(
    {
        "event_type": st.just("Impression"),
        "timestamp": st.just("2026-01-31T12:00:00Z"),
        "session_id": valid_ids,
        "impression": st.lists(valid_ids, min_size=1, max_size=25, unique=True),
    },
    optional={"recommendation_id": valid_ids, "slot": valid_labels, "positions": st.lists(valid_counts, max_size=3)},
)
valid_items = st.fixed_dictionaries(
    {"item_id": valid_ids},
    optional={
        "title": valid_ids,
        "price": st.floats(min_value=0, allow_nan=False, allow_infinity=False, width=32),
        "description": st.sampled_from(["a\nb\tc\r", "\u0131 text"]),
        "created_at": st.just("2025-06-01T00:00:00Z"),
        "properties": st.dictionaries(valid_ids, st.none() | valid_scalars, max_size=5),
    },
)
item_mutations = {
    "item_id": ids,
    "title": ids,
    "price": numbers,
    "description": st.sampled_from(["a\x0bb", "x" * 20_000, "x" * 20_001, "a\x7f"]),
    "created_at": instants | st.sampled_from(["1900-01-01T00:00:00+00:01", "2200-01-01T00:00:00Z"]),
    "properties": properties,
    "unknown": anything,
}


@st.composite
def payloads(draw: st.DrawFn, valid: st.SearchStrategy, changes: dict[str, st.SearchStrategy]) -> bytes:
    """Draw a record's JSON with up to two fields changed, of another type or left out, all or part in ASCII."""
    fields = draw(valid)
    for name in draw(st.lists(st.sampled_from(sorted(changes)), max_size=2)):
        how = draw(st.sampled_from(["changed", "changed", "anything", "left out"]))
        if how == "left out":
            fields.pop(name, None)
        else:
            fields[name] = draw(changes[name] if how == "changed" else anything)
    return json.dumps(fields, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
