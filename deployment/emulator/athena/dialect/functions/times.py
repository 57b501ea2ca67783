"""Dates and times: https://trino.io/docs/current/functions/datetime.html.

A moment with a zone is passed to DuckDB as the local time in its zone where a part of it is asked for (``{local0}``).
"""

from __future__ import annotations

from deployment.emulator.athena.dialect.functions.signatures import Signature, signatures

MOMENTS = ("date", "timestamp", "timestamptz")
_OF_DATES = "; ".join(f"{kind} -> bigint" for kind in MOMENTS)
_OF_TIMES = "timestamp -> bigint; timestamptz -> bigint; time -> bigint"
_PARTS = {
    "day": "day({local0})", "day_of_month": "day({local0})", "day_of_week": "isodow({local0})",
    "day_of_year": "dayofyear({local0})", "dow": "isodow({local0})", "doy": "dayofyear({local0})",
    "month": "month({local0})", "quarter": "quarter({local0})", "week": "weekofyear({local0})",
    "week_of_year": "weekofyear({local0})", "year": "year({local0})", "year_of_week": "isoyear({local0})",
    "yow": "isoyear({local0})",
}  # fmt: skip
_TIME_PARTS = {
    "hour": "(hour({local0}) % 24)",
    "minute": "minute({local0})",
    "second": "second({local0})",
    "millisecond": "(millisecond({local0}) % 1000)",
}
_OF_INTERVALS = {
    "day": signatures("day_time -> bigint", "CAST(trunc(epoch_ms({0}) / 86400000) AS BIGINT)"),
    "month": signatures("year_month -> bigint", "(trino_months({0}) % 12)"),
    "year": signatures("year_month -> bigint", "CAST(trunc(trino_months({0}) / 12) AS BIGINT)"),
}

TABLE: dict[str, list[Signature]] = {
    **{name: signatures(_OF_DATES, sql) + _OF_INTERVALS.get(name, []) for name, sql in _PARTS.items()},
    **{
        name: signatures(_OF_TIMES, sql) + signatures("day_time -> bigint", sql.replace("local0", "0"))
        for name, sql in _TIME_PARTS.items()
    },
    "current_timezone": signatures("-> varchar", "'UTC'"),
    "date": signatures("varchar -> date; timestamp -> date; timestamptz -> date; date -> date", "{as_date}"),
    "from_iso8601_date": signatures("varchar -> date", "trino_iso_date({0})"),
    "from_unixtime": signatures("double -> timestamptz", "trino_from_unixtime({0})"),
    "last_day_of_month": signatures("; ".join(f"{kind} -> date" for kind in MOMENTS), "last_day({local0})"),
    "now": signatures("-> timestamptz", "trino_round_zoned(now(), 1000)"),
    "to_iso8601": signatures("date -> varchar", "strftime({0}, '%Y-%m-%d')")
    + signatures("timestamp -> varchar", "strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')")
    + signatures("timestamptz -> varchar", "trino_iso_text({0}, {local0})"),
    "to_milliseconds": signatures("day_time -> bigint", "epoch_ms({0})"),
    "to_unixtime": signatures("timestamp -> double; timestamptz -> double", "epoch({0})"),
}
