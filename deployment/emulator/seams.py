"""The modules that stand between AWS's behaviour and the emulator's, in the order they are installed.

A seam is one module with ``install(settings: Settings) -> None`` that overrides what MiniStack does otherwise. It says
in its docstring what AWS documents and what the emulator does without it, and has a contract test of the same name
under ``tests/contract/emulator``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings

SEAMS: tuple[str, ...] = (
    "snapshots",
    "access",
    "kinesis",
    "firehose",
    "dynamodb",
    "buckets",
    "functions",
    "event_sources",
    "gateway",
    "personalize",
    "stepfunctions",
    "glue",
    "athena",
    "descriptions",
)


def install(settings: Settings) -> None:
    """Install every seam, in order.

    Parameters
    ----------
    settings
        The choices of this run.
    """
    for name in SEAMS:
        import_module(f"{__package__}.{name}").install(settings)
