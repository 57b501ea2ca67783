"""Sums over events that several tables have."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the usual alias

if TYPE_CHECKING:
    from pyspark.sql import Column

TYPE_OF_COUNT = {
    "impressions": "Impression",
    "searches": "Search",
    "views": "View",
    "clicks": "Click",
    "adds": "AddToCart",
    "purchases": "Purchase",
}

# Sums of decimals do not depend on the order of rows, as those of doubles do; each value is less than MAX_AMOUNT.
_AMOUNT = "decimal(28,9)"

_MAX_BIGINT = Decimal(2**63 - 1)


def sum_exactly(column: Column) -> Column:
    """Sum whole numbers as a decimal, where a sum of bigints would continue with the other sign beyond their limits."""
    return F.sum(column.cast("decimal(19,0)"))


def cap(total: Column) -> Column:
    """Return a sum of whole numbers as a bigint, of at most its limits."""
    capped = F.greatest(F.least(total, F.lit(_MAX_BIGINT)), F.lit(-_MAX_BIGINT)).cast("long")
    return F.when(total.isNotNull(), capped)


def count_types(*columns: str) -> list[Column]:
    """Count the events of each type, in the columns of `TYPE_OF_COUNT`."""
    return [F.count(F.when(F.col("event_type") == TYPE_OF_COUNT[name], 1)).alias(name) for name in columns]


def orders() -> Column:
    """Count distinct orders; a purchase without order_id is an order of its own."""
    return F.size(named_orders()) + unnamed_orders()


def named_orders() -> Column:
    """Collect the distinct orders of the purchases; few beside the events."""
    return F.collect_set(F.when(F.col("event_type") == "Purchase", F.col("order_id")))


def unnamed_orders() -> Column:
    """Count the purchases without order_id."""
    return F.count_if((F.col("event_type") == "Purchase") & F.col("order_id").isNull())


def revenue(currency: str | None) -> Column:
    """Sum `value` of the purchases in a currency or without one; of all purchases where the currency is None."""
    return F.coalesce(paid(currency).cast("double"), F.lit(0.0))


def paid(currency: str | None) -> Column:
    """Sum `value` as `revenue`, exactly, and NULL for the sum of nothing."""
    counts = F.col("event_type") == "Purchase"
    if currency:
        counts = counts & (F.coalesce("currency", F.lit(currency)) == currency)
    return F.sum(F.when(counts, F.col("value")).cast(_AMOUNT))
