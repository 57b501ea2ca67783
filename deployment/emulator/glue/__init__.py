"""AWS Glue as Rivulet uses it: Spark jobs that run, and the missing actions of the Data Catalog.

Without Docker MiniStack answers SUCCEEDED for a Spark job that it never ran; it ignores MaxConcurrentRuns, expressions
over partitions, and lacks UpdatePartition, BatchDeletePartition and table versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.glue import catalog, jobs

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:
    """Override the actions of jobs and of the Data Catalog."""
    jobs.install(settings)
    catalog.install()
