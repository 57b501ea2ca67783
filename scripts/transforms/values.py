"""What Personalize takes as a value: lengths, reserved words, numbers, lists."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it

if TYPE_CHECKING:
    from pyspark.sql import Column

# https://docs.aws.amazon.com/personalize/latest/dg/limits.html
MAX_ID_LENGTH = 256
# A longer categorical value or impression fails the import; a longer text is cut by Personalize itself.
MAX_LIST_LENGTH = 1_000
MAX_STRING_LENGTH = 1_000
MAX_TEXT_LENGTH = 20_000

SEPARATOR = "|"

# Reserved words may not stand as values either.
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
# One of these is in each of them.
_RESERVED_PARTS = ("_ID", "TIMESTAMP", "EVENT_", "IMPRESSION")


def is_reserved(name: str) -> Column:
    """Tell whether a column holds a reserved word; never null."""
    return F.coalesce(F.col(name).isin(*RESERVED_WORDS), F.lit(False))


def finite(name: str) -> Column:
    """Return a number, or null for what is none (NaN, infinities)."""
    value = F.col(name)
    return F.when(~F.isnan(value) & (F.abs(value) != float("inf")), value)


def whole_list(value: Column) -> Column:
    """Cut a list joined by `|` to the length that Personalize takes, keeping its members whole."""
    cut = F.substring(value, 1, MAX_LIST_LENGTH + 1)
    kept = F.when(cut.contains(SEPARATOR), F.regexp_replace(cut, r"\|[^|]*$", ""))
    return F.when(F.length(value) <= MAX_LIST_LENGTH, value).otherwise(kept)


def joined(ids: Column, plain: Column) -> Column:
    """Join a list of ids by `|`; what is reserved or would fall apart again is left out, an empty list is null.

    Parameters
    ----------
    ids
        The list.
    plain
        The list joined by `|` as it is, in a column of its own so that Spark joins it once.
    """
    fitting = F.filter(ids, lambda item: item.isNotNull() & ~item.contains(SEPARATOR) & ~item.isin(*RESERVED_WORDS))
    # Going through a list item by item is what Spark does slowest, so only lists that may need it are.
    separators = F.length(plain) - F.length(F.replace(plain, F.lit(SEPARATOR), F.lit("")))
    is_odd = (separators != F.size(ids) - 1) | reduce(or_, (plain.contains(part) for part in _RESERVED_PARTS))
    text = F.when(is_odd, F.concat_ws(SEPARATOR, fitting)).otherwise(plain)
    is_long = F.length(plain) > MAX_LIST_LENGTH
    return F.when(ids.isNull() | (text == ""), None).when(is_long, whole_list(text)).otherwise(text)


def categories(name: str) -> Column:
    """Return a categorical value, one or several joined by `|`, or null where it is a reserved word."""
    return F.when(~is_reserved(name), whole_list(one_line(name)))


def text(name: str, longest: int) -> Column:
    """Return running text on one line and no longer than `longest`, or null where it is a reserved word or empty."""
    value = F.substring(one_line(name), 1, longest)
    return F.when(~is_reserved(name) & (value != ""), value)


def one_line(name: str) -> Column:
    """Return text with every run of white space as one blank, since a CSV record is one line."""
    return F.trim(F.regexp_replace(F.col(name), r"\s+", " "))
