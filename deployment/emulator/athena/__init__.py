"""Amazon Athena over the laptop's lake: its dialect through sqlglot, its tables from Glue, its engine DuckDB.

MiniStack runs a query as DuckDB's SQL over a copy of every object of a table, ignores partition projection and scan
limits, and writes results where nobody looks. From a request to a result:

``api`` takes the request, ``workgroups`` says where the result goes and what may be scanned, ``dialect`` parses,
``queries`` binds tables (``tables``, ``projection``, ``relations``) and runs, ``catalogue`` and ``writes`` do what is
no SELECT, ``results`` writes what came out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.athena import api, workgroups

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:
    """Replace MiniStack's execution of queries and complete its work groups."""
    workgroups.install()
    api.install(settings)
