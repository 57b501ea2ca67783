"""Athena's SQL in DuckDB: parses a query, resolves its names and types as Trino does, and writes DuckDB's SQL.

``parsing`` parses; ``types`` has Trino's types and coercions; ``scopes`` resolves names and compiles expressions by
their kind (``expressions``, ``operators``, ``casts``, ``calls`` with ``functions`` and ``forms``); ``relations`` and
``selects`` compile queries. ``runtime`` has what DuckDB lacks, as macros and functions. A query whose types do not
fit is refused with Trino's error; a function that only Trino has is refused by name.
"""

from __future__ import annotations

from deployment.emulator.athena.dialect import expressions as _expressions  # noqa: F401 - registers the expressions
from deployment.emulator.athena.dialect.parsing import bind, parse
from deployment.emulator.athena.dialect.runtime import install
from deployment.emulator.athena.dialect.scopes import Compiled, Context, Relation, Scope, Value, place_of, value_of
from deployment.emulator.athena.dialect.selects import compile_statement

__all__ = [
    "Compiled",
    "Context",
    "Relation",
    "Scope",
    "Value",
    "bind",
    "compile_statement",
    "install",
    "parse",
    "place_of",
    "value_of",
]
