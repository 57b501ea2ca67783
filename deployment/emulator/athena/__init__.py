"""Amazon Athena: sqlglot parses its dialect, the Glue catalogue has its tables, and DuckDB runs its queries.

MiniStack runs a query as DuckDB's SQL over a copy of every object of a table, ignores partition projection and scan
limits, and does not write results to the configured location.

``api`` handles requests, ``workgroups`` decides on the location of results and on scan limits, ``dialect`` parses,
``queries`` binds tables (``tables``) and runs a query, ``catalogue`` and ``writes`` run the other statements,
``execution`` runs a statement from start to end, and ``results`` writes the result object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.athena import api, prepared, workgroups

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:
    """Override the execution of queries, the configuration of work groups, and prepared statements."""
    workgroups.install()
    prepared.install()
    api.install(settings)
