"""What Trino has and DuckDB lacks: macros in SQL, and functions in Python."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from deployment.emulator.athena.dialect.runtime import (
    doubles,
    hashes,
    java_format,
    json_documents,
    json_paths,
    patterns,
    texts,
    times,
    urls,
)
from deployment.emulator.athena.dialect.runtime.macros import MACROS

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

_FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "trino_crc32": (hashes.crc32, ["BLOB"], "BIGINT"),
    "trino_double_text": (doubles.java_text, ["DOUBLE"], "VARCHAR"),
    "trino_format": (java_format.java_format, ["VARCHAR", "VARCHAR", "VARCHAR[]"], "VARCHAR"),
    "trino_from_base": (hashes.from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    "trino_from_big_endian": (hashes.from_big_endian, ["BLOB"], "BIGINT"),
    "trino_inverse_normal_cdf": (doubles.inverse_normal_cdf, ["DOUBLE"] * 3, "DOUBLE"),
    "trino_iso_date": (times.iso_date, ["VARCHAR"], "DATE"),
    "trino_iso_moment": (times.iso_moment, ["VARCHAR"], "TIMESTAMP"),
    "trino_json_exists": (json_paths.exists, ["VARCHAR"] * 2, "VARCHAR"),
    "trino_json_members_path": (json_documents.members_path, ["VARCHAR"], "VARCHAR"),
    "trino_json_number": (json_documents.number, ["VARCHAR"] * 2, "VARCHAR"),
    "trino_json_parse": (json_documents.parse, ["VARCHAR"], "VARCHAR"),
    "trino_json_path": (json_documents.path, ["VARCHAR"], "VARCHAR"),
    "trino_json_query": (json_paths.query, ["VARCHAR"] * 3, "VARCHAR"),
    "trino_json_rewrite": (json_documents.rewrite, ["VARCHAR"], "VARCHAR"),
    "trino_json_value": (json_paths.value, ["VARCHAR"] * 2, "VARCHAR"),
    "trino_normal_cdf": (doubles.normal_cdf, ["DOUBLE"] * 3, "DOUBLE"),
    "trino_regexp_count_groups": (patterns.count_groups, ["VARCHAR"], "INTEGER"),
    "trino_regexp_group": (patterns.group, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR"),
    "trino_regexp_group_of_all": (patterns.group_of_all, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR[]"),
    "trino_regexp_pieces": (patterns.pieces, ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
    "trino_regexp_substitute": (patterns.substitute, ["VARCHAR"] * 3, "VARCHAR"),
    "trino_replacement": (patterns.replacement, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "trino_scientific": (doubles.scientific_text, ["DOUBLE"], "VARCHAR"),
    "trino_sha512": (hashes.sha512, ["BLOB"], "BLOB"),
    "trino_strpos": (texts.find_instance, ["VARCHAR", "VARCHAR", "BIGINT"], "BIGINT"),
    "trino_to_big_endian": (hashes.to_big_endian, ["BIGINT"], "BLOB"),
    "trino_url_decode": (urls.decode, ["VARCHAR"], "VARCHAR"),
    "trino_url_encode": (urls.encode, ["VARCHAR"], "VARCHAR"),
    "trino_url_parameter": (urls.parameter, ["VARCHAR"] * 2, "VARCHAR"),
    "trino_url_part": (urls.part, ["VARCHAR"] * 2, "VARCHAR"),
    "trino_xxhash64": (hashes.xxhash64, ["BLOB"], "BLOB"),
}


def _of_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is null for a null; DuckDB's own way to do so takes no null as a result."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return call


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the macros and functions to a database."""
    for name, (function, parameters, result) in _FUNCTIONS.items():
        connection.create_function(name, _of_values(function), parameters, result, null_handling="special")
    for name, body in MACROS.items():
        connection.execute(f"CREATE MACRO {name} AS {body}")
