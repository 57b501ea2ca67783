"""Aggregate and window functions: https://trino.io/docs/current/functions/aggregate.html, window.html.

A template calls ``each`` for every aggregate of DuckDB in it, since DISTINCT, ORDER BY, FILTER and OVER belong there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.athena.dialect.functions.signatures import Signature, signatures
from deployment.emulator.athena.dialect.types import INTEGERS, duckdb_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.athena.dialect.types import Type

    Each = Callable[..., str]

_INTEGER_SUMS = "; ".join(f"{name} -> bigint" for name in INTEGERS)


def _plain(name: str) -> Callable[..., str]:
    return lambda arguments, _result, each: str(each(name, *arguments))


def _finite(name: str) -> Callable[..., str]:
    """Return a function that is null where DuckDB's divides by zero."""
    return lambda arguments, _result, each: f"trino_finite({each(name, *arguments)})"


def _typed(name: str) -> Callable[..., str]:
    def write(arguments: list[str], result: Type, each: Each) -> str:
        return f"CAST({each(name, *arguments)} AS {duckdb_name(result)})"

    return write


def _average_decimal(arguments: list[str], result: Type, each: Each) -> str:
    # Half up by the digits of the decimals, which a double does not have.
    scale = result.parameters[1]
    total, count = f"CAST({each('sum', *arguments)} AS DECIMAL(38, {scale}))", each("count", *arguments)
    quotient = f"trino_quotient(trino_unscaled({total}), CAST({count} AS HUGEINT))"
    return f"CAST(trino_scaled({quotient}, {scale}) AS {duckdb_name(result)})"


def _of_intervals(name: str) -> Callable[..., str]:
    def write(arguments: list[str], _result: Type, each: Each) -> str:
        return f"to_milliseconds(CAST(round({each(name, f'epoch_ms({arguments[0]})')}) AS BIGINT))"

    return write


def _checked_offset(name: str, least: int) -> Callable[..., str]:
    def write(arguments: list[str], _result: Type, each: Each) -> str:
        value, offset, *rest = arguments
        message = f"'INVALID_FUNCTION_ARGUMENT: Offset must be at least {least}' || left(CAST({offset} AS VARCHAR), 0)"
        return each(name, value, f"trino_check({offset}, {offset} >= {least}, {message})", *rest)

    return write


def _percentile(arguments: list[str], result: Type, each: Each) -> str:
    value, share = arguments
    if result.name == "array":
        return each("quantile_disc", value, share)
    message = f"'INVALID_FUNCTION_ARGUMENT: Percentile must be between 0 and 1' || left(CAST({share} AS VARCHAR), 0)"
    return each("quantile_disc", value, f"trino_check({share}, {share} BETWEEN 0 AND 1, {message})")


AGGREGATES: dict[str, list[Signature]] = {
    "any_value": signatures("T -> T", _plain("any_value")),
    "approx_distinct": signatures("T -> bigint; T, double -> bigint", lambda a, _r, each: each("count_distinct", a[0])),
    "approx_percentile": signatures(
        "bigint, double -> bigint; real, double -> real; double, double -> double", _percentile
    )
    + signatures("bigint, array(double) -> array(bigint); double, array(double) -> array(double)", _percentile),
    "array_agg": signatures("T -> array(T)", _plain("list")),
    "avg": signatures("bigint -> double", _plain("avg"))
    + signatures("decimal -> decimal", _average_decimal)
    + signatures("real -> real", _typed("avg"))
    + signatures("double -> double", _plain("avg"))
    + signatures("day_time -> day_time", _of_intervals("avg")),
    "bitwise_and_agg": signatures("bigint -> bigint", _plain("bit_and")),
    "bitwise_or_agg": signatures("bigint -> bigint", _plain("bit_or")),
    "bool_and": signatures("boolean -> boolean", _plain("bool_and")),
    "bool_or": signatures("boolean -> boolean", _plain("bool_or")),
    "corr": signatures("double, double -> double", _finite("corr")),
    "count": signatures("T -> bigint; -> bigint", _plain("count")),
    "count_if": signatures(
        "boolean -> bigint", lambda a, _r, each: f"coalesce({each('count', f'CASE WHEN {a[0]} THEN 1 END')}, 0)"
    ),
    "covar_pop": signatures("double, double -> double", _plain("covar_pop")),
    "covar_samp": signatures("double, double -> double", _plain("covar_samp")),
    "geometric_mean": signatures("double -> double", lambda a, _r, each: f"exp({each('avg', f'ln({a[0]})')})"),
    "histogram": signatures("T -> map(T, bigint)", _typed("histogram")),
    "kurtosis": signatures("double -> double", _plain("kurtosis")),
    "listagg": signatures("varchar -> varchar", lambda a, _r, each: each("string_agg", a[0], "''"))
    + signatures("varchar, varchar -> varchar", _plain("string_agg")),
    "map_agg": signatures(
        "K, V -> map(K, V)", lambda a, _r, each: f"trino_first_map({each('list', *a[:1])}, {each('list', *a[1:])})"
    ),
    "max": signatures("T -> T", _plain("max")) + signatures("T, bigint -> array(T)", _plain("max")),
    "max_by": signatures("T, K -> T", _plain("arg_max_null")),
    "min": signatures("T -> T", _plain("min")) + signatures("T, bigint -> array(T)", _plain("min")),
    "min_by": signatures("T, K -> T", _plain("arg_min_null")),
    "multimap_agg": signatures(
        "K, V -> map(K, array(V))",
        lambda a, _r, each: f"trino_multimap({each('list', *a[:1])}, {each('list', *a[1:])})",
    ),
    "regr_intercept": signatures("double, double -> double", _finite("regr_intercept")),
    "regr_slope": signatures("double, double -> double", _finite("regr_slope")),
    "stddev": signatures("double -> double", _plain("stddev_samp")),
    "stddev_pop": signatures("double -> double", _plain("stddev_pop")),
    "stddev_samp": signatures("double -> double", _plain("stddev_samp")),
    "sum": signatures(_INTEGER_SUMS, _typed("sum"))
    + signatures("decimal -> total", _typed("sum"))
    + signatures("real -> real", _typed("sum"))
    + signatures("double -> double", _plain("sum"))
    + signatures("day_time -> day_time", _of_intervals("sum")),
    "var_pop": signatures("double -> double", _plain("var_pop")),
    "var_samp": signatures("double -> double", _plain("var_samp")),
    "variance": signatures("double -> double", _plain("var_samp")),
}
AGGREGATES["arbitrary"] = AGGREGATES["any_value"]
AGGREGATES["every"] = AGGREGATES["bool_and"]

# Functions that need OVER.
WINDOW: dict[str, list[Signature]] = {
    "cume_dist": signatures("-> double", _plain("cume_dist")),
    "dense_rank": signatures("-> bigint", _plain("dense_rank")),
    "first_value": signatures("T -> T", _plain("first_value")),
    "lag": signatures("T -> T", _plain("lag"))
    + signatures("T, bigint -> T; T, bigint, T -> T", _checked_offset("lag", 0)),
    "last_value": signatures("T -> T", _plain("last_value")),
    "lead": signatures("T -> T", _plain("lead"))
    + signatures("T, bigint -> T; T, bigint, T -> T", _checked_offset("lead", 0)),
    "nth_value": signatures("T, bigint -> T", _checked_offset("nth_value", 1)),
    "ntile": signatures("bigint -> bigint", _plain("ntile")),
    "percent_rank": signatures("-> double", _plain("percent_rank")),
    "rank": signatures("-> bigint", _plain("rank")),
    "row_number": signatures("-> bigint", _plain("row_number")),
}
