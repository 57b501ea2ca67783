"""Numbers and binary values.

https://trino.io/docs/current/functions/math.html, bitwise.html, binary.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.athena.dialect.functions.signatures import Signature, signatures
from deployment.emulator.athena.dialect.types import duckdb_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployment.emulator.athena.dialect.scopes import Value
    from deployment.emulator.athena.dialect.types import Type

INTEGER_FORMS = "; ".join(f"{name} -> {name}" for name in ("tinyint", "smallint", "integer", "bigint"))
NUMBER_FORMS = f"{INTEGER_FORMS}; decimal -> decimal; real -> real; double -> double"
_CONSTANTS = {
    "pi": "pi()",
    "e": "exp(CAST(1 AS DOUBLE))",
    "nan": "CAST('NaN' AS DOUBLE)",
    "infinity": "CAST('Infinity' AS DOUBLE)",
}
_OF_DOUBLE = {
    "acos": "acos({0})",
    "asin": "asin({0})",
    "atan": "atan({0})",
    "cbrt": "trino_cube_root({0})",
    "cos": "cos({0})",
    "cosh": "cosh({0})",
    "degrees": "degrees({0})",
    "exp": "exp({0})",
    "ln": "ln({0})",
    "log2": "(ln({0}) / ln(2))",
    "log10": "log10({0})",
    "radians": "radians({0})",
    "sin": "sin({0})",
    "sinh": "sinh({0})",
    "sqrt": "sqrt({0})",
    "tan": "tan({0})",
    "tanh": "tanh({0})",
}


def _as_result(template: str) -> Callable[..., str]:
    def write(arguments: list[Value], result: Type) -> str:
        return f"CAST({template.format(*(value.sql for value in arguments))} AS {duckdb_name(result)})"

    return write


def _rounded_decimal(arguments: list[Value], result: Type) -> str:
    return f"CAST(round({arguments[0].sql}, {arguments[1].sql}) AS {duckdb_name(result)})"


TABLE: dict[str, list[Signature]] = {
    **{name: signatures("-> double", sql) for name, sql in _CONSTANTS.items()},
    **{name: signatures("double -> double", sql) for name, sql in _OF_DOUBLE.items()},
    "abs": signatures(NUMBER_FORMS, "abs({0})"),
    "atan2": signatures("double, double -> double", "atan2({0}, {1})"),
    "bitwise_and": signatures("bigint, bigint -> bigint", "({0} & {1})"),
    "bitwise_not": signatures("bigint -> bigint", "(~{0})"),
    "bitwise_or": signatures("bigint, bigint -> bigint", "({0} | {1})"),
    "bitwise_xor": signatures("bigint, bigint -> bigint", "xor({0}, {1})"),
    "from_base": signatures("varchar, bigint -> bigint", "trino_from_base({0}, {1})"),
    "inverse_normal_cdf": signatures("double, double, double -> double", "trino_inverse_normal_cdf({0}, {1}, {2})"),
    "is_finite": signatures("double -> boolean", "isfinite({0})"),
    "is_infinite": signatures("double -> boolean", "isinf({0})"),
    "is_nan": signatures("double -> boolean; real -> boolean", "isnan({0})"),
    "log": signatures("double, double -> double", "(ln({1}) / ln({0}))"),
    "normal_cdf": signatures("double, double, double -> double", "trino_normal_cdf({0}, {1}, {2})"),
    "power": signatures("double, double -> double", "pow({0}, {1})"),
    "rand": signatures("-> double", "random()")
    + signatures("integer -> integer; bigint -> bigint", _as_result("floor(random() * {0})"))
    + signatures(
        "integer, integer -> integer; bigint, bigint -> bigint", _as_result("{0} + floor(random() * ({1} - {0}))")
    ),
    "round": signatures(INTEGER_FORMS, "{0}")
    + signatures("decimal -> ceiling", lambda a, r: f"CAST(round({a[0].sql}) AS {duckdb_name(r)})")
    + signatures("real -> real; double -> double", "round({0})")
    + signatures("integer, integer -> integer; bigint, integer -> bigint", _as_result("round({0}, {1})"))
    + signatures("decimal, integer -> wider", _rounded_decimal)
    + signatures("real, integer -> real; double, integer -> double", "round({0}, {1})"),
    "sign": signatures(INTEGER_FORMS, _as_result("sign({0})"))
    + signatures("decimal -> digit", _as_result("sign({0})"))
    + signatures("real -> real; double -> double", _as_result("sign({0})")),
    "to_base": signatures("bigint, bigint -> varchar", "trino_to_base({0}, {1})"),
    "truncate": signatures("decimal -> floor", _as_result("trunc({0})"))
    + signatures("real -> real; double -> double", "trunc({0})")
    + signatures("decimal, integer -> decimal", _as_result("(trunc({0} * pow(10, {1})) / pow(10, {1}))")),
    **{
        name: signatures(INTEGER_FORMS, "{0}")
        + signatures("decimal -> ceiling", _as_result(f"{word}({{0}})"))
        + signatures("real -> real; double -> double", f"{word}({{0}})")
        for name, word in (("ceil", "ceil"), ("ceiling", "ceil"), ("floor", "floor"))
    },
    "width_bucket": signatures("double, double, double, bigint -> bigint", "trino_width_bucket({0}, {1}, {2}, {3})")
    + signatures("double, array(double) -> bigint", "trino_bucket_of({0}, {1})"),
    "crc32": signatures("varbinary -> bigint", "trino_crc32({0})"),
    "md5": signatures("varbinary -> varbinary", "unhex(md5({0}))"),
    "sha1": signatures("varbinary -> varbinary", "unhex(sha1({0}))"),
    "sha256": signatures("varbinary -> varbinary", "unhex(sha256({0}))"),
    "sha512": signatures("varbinary -> varbinary", "trino_sha512({0})"),
    "xxhash64": signatures("varbinary -> varbinary", "trino_xxhash64({0})"),
    "from_base64": signatures("varchar -> varbinary", "from_base64({0})"),
    "from_big_endian_64": signatures("varbinary -> bigint", "trino_from_big_endian({0})"),
    "from_hex": signatures("varchar -> varbinary", "unhex({0})"),
    "to_base64": signatures("varbinary -> varchar", "base64({0})"),
    "to_big_endian_64": signatures("bigint -> varbinary", "trino_to_big_endian({0})"),
    "to_hex": signatures("varbinary -> varchar", "hex({0})"),
}
TABLE["pow"] = TABLE["power"]
TABLE["random"] = TABLE["rand"]
