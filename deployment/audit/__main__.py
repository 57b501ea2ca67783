"""Compare a producer's ledger with every stage: ``python -m deployment.audit dev --ledger sent.jsonl``."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backend.aws.retries import IncompleteCallError
from backend.contract.accounting.ledger import LedgerError
from deployment.arguments import instant
from deployment.audit.auditing import LATE_SECONDS, Audit, Resources, audit
from deployment.audit.report import print_audit
from deployment.audit.stages import QueryFailedError, Window
from deployment.release.environment import ReleaseError, open_environment
from deployment.terraform import PROJECT_NAME
from model.engine.personalize.errors import DamagedLogError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployment.audit.comparison import Finding

_EXAMPLES = """\
examples:
  python -m data.replay $API --ledger sent.jsonl && python -m deployment.audit local --ledger sent.jsonl
  python -m deployment.audit production --ledger sent.jsonl --since 2026-11-29T00:00:00Z --until 2026-11-30T00:00:00Z

Run it once the events had time to arrive: Firehose writes a file every few minutes. The exit status is 1 where an event
is lost or doubled, or where one that denies consent is stored."""

_FAILURES = (
    BotoCoreError,
    ClientError,
    DamagedLogError,
    IncompleteCallError,
    LedgerError,
    OSError,
    QueryFailedError,
    ReleaseError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0 all events accounted for, 1 not, or AWS failed, 2 wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.details and options.details.resolve() == options.ledger.resolve():
        parser.error("--details must be another file than --ledger, which would be replaced")
    try:
        result = _run(options)
    except _FAILURES as error:
        sys.stderr.write(f"deployment.audit: {error}\n")
        return 1
    print_audit(result, Console())
    return 1 if result.comparison.unaccounted else 0


def _run(options: argparse.Namespace) -> Audit:
    environment = open_environment(options.environment)
    engine = options.engine_directory or (engine_of_laptop() if options.environment == "local" else None)
    resources = Resources(environment.client, f"{PROJECT_NAME}-{options.environment}", engine)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
        task = progress.add_task("reading", total=None, note="")

        def show(place: str, count: int) -> None:
            progress.update(task, description=f"reading the {place}", note=f"{count:,} events")

        details = stack.enter_context(options.details.open("w", encoding="utf-8")) if options.details else None

        def on_finding(finding: Finding) -> None:
            if details is not None:
                details.write(json.dumps(finding._asdict()) + "\n")

        window = Window(options.since, options.until)
        return audit(
            options.ledger, resources, window, late_seconds=options.late_seconds, show=show, on_finding=on_finding
        )


def engine_of_laptop() -> Path:
    """Return the directory of the engine of the running cloud; `ReleaseError` where none runs."""
    from deployment.local.cloud import ROOT, open_cloud  # noqa: PLC0415 - only for the laptop

    for file in sorted((ROOT / "build" / "local").glob("*/ports.json")):
        cloud = open_cloud(file.parent)
        if cloud.serves_the_api():
            return cloud.directory / "engine"
    raise ReleaseError("the laptop's cloud does not run: python -m deployment.local up")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deployment.audit",
        description="Compare a producer's ledger with the stream, the lake, the event tracker and the history.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("environment", help="an environment of infrastructure/environments")
    parser.add_argument(
        "--ledger", type=Path, required=True, help="JSON lines, as python -m data.replay --ledger writes"
    )
    parser.add_argument("--since", type=instant, help="only what the API answered at this time or later, RFC 3339")
    parser.add_argument("--until", type=instant, help="only what the API answered before this time")
    parser.add_argument("--late-seconds", type=float, default=LATE_SECONDS, help="after which it is late (%(default)g)")
    parser.add_argument("--engine-directory", type=Path, help="of a hosted engine that is the event tracker")
    parser.add_argument("--details", type=Path, help="file for a JSON line of each lost, doubled and late event")
    return parser


if __name__ == "__main__":
    sys.exit(main())
