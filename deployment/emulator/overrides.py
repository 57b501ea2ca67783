"""The overrides of MiniStack, in the order in which they are installed.

An override is a module or a package with ``install(settings: Settings) -> None`` that replaces behaviour in which
MiniStack differs from AWS. Its docstring states what AWS documents and what MiniStack does instead. Its contract test
has its name: ``tests/contract/**/test_<name>.py``, or ``test_<name>_<part>.py`` where there are several.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings

OVERRIDES: tuple[str, ...] = (
    "persistence.snapshots",
    "iam",
    "kinesis",
    "firehose",
    "dynamodb",
    "s3",
    "lambda_functions",
    "lambda_functions.event_source_mappings",
    "api_gateway",
    "personalize",
    "stepfunctions",
    "glue",
    "athena",
    "descriptions",
    "descriptions.tagged_resources",
    "recording",
    "kms",
)


def install(settings: Settings) -> None:
    """Install every override, in order."""
    for name in OVERRIDES:
        import_module(f"{__package__}.{name}").install(settings)
