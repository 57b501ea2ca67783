"""AWS Glue as Rivulet uses it: Spark jobs that really run and really fail, and the rest of the catalogue's API.

Without Docker MiniStack answers SUCCEEDED for a Spark job that it never ran; it ignores MaxConcurrentRuns, expressions
over partitions, and lacks UpdatePartition, BatchDeletePartition and table versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.glue import catalog, jobs

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:
    """Put Spark behind StartJobRun and complete the catalogue."""
    jobs.install(settings)
    catalog.install()
