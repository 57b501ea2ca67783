"""Sends failed records into the stream again: ``python -m deployment.replay dev --dry-run``."""

from __future__ import annotations

import argparse
import hashlib
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress as ProgressDisplay
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from backend.aws.retries import IncompleteCallError
from backend.replay.replaying import Filters, Progress, StreamUnavailableError, put_events, replay
from backend.replay.sources import StreamWindow, failure_sources
from deployment.arguments import instant
from deployment.release.environment import ReleaseError, open_environment
from deployment.terraform import PROJECT, PROJECT_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from backend.contract import Event
    from backend.replay.sources import Source
    from deployment.release.environment import Environment

STATES = PROJECT / "build" / "replay"
STAGES = ("collect", "forward", "lake")

_EXAMPLES = """\
examples:
  python -m deployment.replay dev --dry-run                        count what would be sent
  python -m deployment.replay dev --stage lake --since 2026-11-29T00:00:00Z
  python -m deployment.replay dev --reason refused_by_tracker --event-type Purchase
  python -m deployment.replay dev --stream --since 2026-11-29T06:00:00Z --until 2026-11-29T07:00:00Z

The records are sent with the same event ids, so that what was processed before is recognized. An interrupted command
continues when it is run again with the same arguments. On the laptop the environment is local."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0 done, 1 the stream or AWS failed, 2 wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.stream and options.since is None:
        parser.error("--stream needs --since")
    if options.stream and (options.stage or options.reason):
        parser.error("--stream reads events, which have neither a stage nor a reason; use --event-type")
    try:
        return _run(open_environment(options.environment), options, Console(stderr=True))
    except (BotoCoreError, ClientError, IncompleteCallError, ReleaseError, StreamUnavailableError) as error:
        sys.stderr.write(f"deployment.replay: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command continues from there\n")
        return 130


def _run(environment: Environment, options: argparse.Namespace, console: Console) -> int:
    filters = Filters(
        tuple(options.stage), tuple(options.reason), tuple(options.event_type), options.since, options.until
    )
    state = _state_file(environment.name, filters, is_stream=options.stream)
    progress = Progress(datetime.now(UTC), filters)
    if state.exists() and not options.dry_run:
        progress = msgspec.json.decode(state.read_bytes(), type=Progress)
        console.print(f"continuing the replay that began at {progress.started_at:%Y-%m-%d %H:%M:%S} UTC")
    stream = f"{PROJECT_NAME}-{environment.name}-events"
    kinesis = environment.client("kinesis")

    def send(events: list[Event]) -> None:
        if not options.dry_run:
            put_events(events, kinesis, stream)

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with ProgressDisplay(*columns, console=console, transient=True) as display:
        task = display.add_task("records read", total=None, note="")

        def save(progress: Progress) -> None:
            display.update(
                task, note=f"{sum(progress.counts.values()):,}, {progress.counts.get('sent', 0):,} of them sent"
            )
            if not options.dry_run:
                _write(state, msgspec.json.encode(progress))

        counts = replay(_sources(environment, options, stream, progress), send, progress, save)
    state.unlink(missing_ok=True)
    _print(counts, progress.refused, is_dry_run=options.dry_run)
    return 0


def _sources(environment: Environment, options: argparse.Namespace, stream: str, progress: Progress) -> list[Source]:
    if options.stream:
        until = min(options.until or progress.started_at, progress.started_at)
        return [StreamWindow("stream", environment.client("kinesis"), stream, options.since, until)]
    account = environment.client("sts").get_caller_identity()["Account"]
    prefix = f"{PROJECT_NAME}-{environment.name}-{account}"
    s3 = environment.client("s3")
    return failure_sources(s3, f"{prefix}-bad-rows", f"{prefix}-lake", options.since, progress.started_at)


def _state_file(environment: str, filters: Filters, *, is_stream: bool) -> Path:
    identity = hashlib.sha256(msgspec.json.encode((filters, is_stream))).hexdigest()[:12]
    return STATES / f"{environment}-{identity}.json"


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once, so that a kill leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".new")
    written.write_bytes(content)
    written.replace(path)


def _print(counts: dict[str, int], refused: dict[str, int], *, is_dry_run: bool) -> None:
    titles = {"sent": "would be sent"} if is_dry_run else {}
    for name, number in counts.items():
        sys.stdout.write(f"{titles.get(name, name):<16}{number:>12,}\n")
        if name == "refused":
            for reason, count in sorted(refused.items(), key=lambda item: -item[1]):
                sys.stdout.write(f"  {reason:<14}{count:>12,}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deployment.replay",
        description="Send bad rows, batches that forward gave back and errors of Firehose into the stream again; or, "
        "with --stream, what the stream holds.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("environment", help="an environment of infrastructure/environments")
    parser.add_argument("--dry-run", action="store_true", help="read and count, and send nothing")
    parser.add_argument("--stream", action="store_true", help="replay the stream itself, from --since to --until")
    parser.add_argument("--stage", action="append", choices=STAGES, default=[], help="only what this stage refused")
    parser.add_argument("--reason", action="append", default=[], help="only what was refused for this reason")
    parser.add_argument("--event-type", action="append", default=[], help="only events of this type")
    parser.add_argument("--since", type=instant, help="only what arrived at this time or later, RFC 3339")
    parser.add_argument("--until", type=instant, help="only what arrived before this time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
