"""Converts columns to values that Personalize accepts: lengths, reserved words, numbers, lists."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

if TYPE_CHECKING:
    from pyspark.sql import Column

# https://docs.aws.amazon.com/personalize/latest/dg/limits.html
MAX_ID_LENGTH = 256
# A longer categorical value or impression fails the import; Personalize truncates a longer text.
MAX_LIST_LENGTH = 1_000
MAX_STRING_LENGTH = 1_000
MAX_TEXT_LENGTH = 20_000
MAX_FLOAT = 3.4028234663852886e38

SEPARATOR = "|"

# Reserved words are not allowed as values either.
# https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
RESERVED_WORDS = (
    "USER_ID",
    "ITEM_ID",
    "TIMESTAMP",
    "EVENT_TYPE",
    "EVENT_VALUE",
    "IMPRESSION",
    "RECOMMENDATION_ID",
    "EVENT_ATTRIBUTION_SOURCE",
    "CREATION_TIMESTAMP",
)
# Each reserved word contains this letter, which most ids lack, and at least one of these parts.
_RESERVED_LETTER = "E"
_RESERVED_PARTS = ("_ID", "TIMESTAMP", "EVENT_", "IMPRESSION")


def is_reserved(name: str) -> Column:
    """Return whether a column holds a reserved word; never null."""
    return F.coalesce(F.col(name).isin(*RESERVED_WORDS), F.lit(False))


def finite(name: str) -> Column:
    """Return a number, or null for NaN and for numbers that the type float of the schema does not have."""
    value = F.col(name)
    return F.when(~F.isnan(value) & (F.abs(value) <= MAX_FLOAT), value)


def truncate_list(value: Column) -> Column:
    """Truncate a list joined by `|` to Personalize's maximum length, without cutting a member."""
    prefix = F.substring(value, 1, MAX_LIST_LENGTH + 1)
    whole_members = F.when(prefix.contains(SEPARATOR), F.regexp_replace(prefix, r"\|[^|]*$", ""))
    return F.when(F.length(value) <= MAX_LIST_LENGTH, value).otherwise(whole_members)


def join_ids(ids: Column, plain: Column) -> Column:
    """Join a list of ids by `|`, without reserved words and ids that contain `|`; an empty list becomes null.

    `plain` is the whole list joined by `|`, a column of its own so that Spark joins it once.
    """
    allowed = F.filter(ids, lambda item: item.isNotNull() & ~item.contains(SEPARATOR) & ~item.isin(*RESERVED_WORDS))
    # Filtering a list element by element is slow in Spark, so only lists that may need it are filtered.
    separators = F.length(plain) - F.length(F.replace(plain, F.lit(SEPARATOR), F.lit("")))
    has_word = plain.contains(_RESERVED_LETTER) & reduce(or_, (plain.contains(part) for part in _RESERVED_PARTS))
    needs_filter = (separators != F.size(ids) - 1) | has_word
    text = F.when(needs_filter, F.concat_ws(SEPARATOR, allowed)).otherwise(plain)
    is_long = F.length(plain) > MAX_LIST_LENGTH
    return F.when(ids.isNull() | (text == ""), None).when(is_long, truncate_list(text)).otherwise(text)


def categorical(name: str) -> Column:
    """Return one or several categories joined by `|`, or null for a reserved word."""
    return F.when(~is_reserved(name), truncate_list(collapse_white_space(name)))


def single_line(name: str, max_length: int) -> Column:
    """Return text as one line of at most `max_length` characters, or null for a reserved word or empty text."""
    value = F.substring(collapse_white_space(name), 1, max_length)
    return F.when(~is_reserved(name) & (value != ""), value)


def collapse_white_space(name: str) -> Column:
    """Return text with each run of white space replaced by one blank, since a CSV record is one line."""
    return F.trim(F.regexp_replace(F.col(name), r"\s+", " "))
