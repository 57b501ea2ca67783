"""Command that replays a stream, generated or from files, to the API."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from data.generator import Settings, generate
from data.loaders import UnknownFormatError, open_stream
from data.replay import ApiAccessError, ApiUnavailableError, load_catalogue, replay
from data.replay.bookkeeping import open_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.stream import Stream

API_KEY_VARIABLE = "RIVULET_API_KEY"

_EXAMPLES = f"""\
The API key is read from {API_KEY_VARIABLE}, so that it does not appear in the shell's history.

examples:
  python -m data.replay http://127.0.0.1:4566/v1                              # the generated shop
  python -m data.replay http://127.0.0.1:4566/v1 --source events.jsonl        # events in the contract's format
  python -m data.replay http://127.0.0.1:4566/v1 --source clicks.csv --mapping mapping.yaml
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, 1 where outcomes differ from the expected ones."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.ledger and options.source and options.ledger.resolve() == options.source.resolve():
        parser.error("--ledger must be another file than --source, to which it would be appended")
    console = Console(stderr=True)
    api_key = os.environ.get(API_KEY_VARIABLE)
    if not api_key:
        console.print(f"data.replay: {API_KEY_VARIABLE} is not set; set it to an API key")
        return 2
    try:
        stream = open_stream(options.source, options.mapping) if options.source else generate(Settings())
        sent = _run(stream, options, api_key, console)
    except (UnknownFormatError, ApiUnavailableError, ApiAccessError, ValueError) as error:
        console.print(f"data.replay: {error}", markup=False)
        return 2
    expected = stream.expected
    print(json.dumps({"sent": sent, "expected": expected.as_dict()}, indent=2))  # noqa: T201 - the result goes to stdout
    agrees = sent["accepted"] == expected.accepted and sent["refused"] == dict(sorted(expected.refused.items()))
    return 0 if agrees and sent["unaccounted"] == 0 else 1


def _run(stream: Stream, options: argparse.Namespace, api_key: str, console: Console) -> dict[str, object]:
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(options.ledger)) if options.ledger else None
        return _send(stream, options, api_key, console, ledger)


def _send(
    stream: Stream, options: argparse.Namespace, api_key: str, console: Console, ledger: BinaryIO | None
) -> dict[str, object]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        catalogue = progress.add_task("catalogue", total=None)
        load_catalogue(stream, options.url, api_key, on_progress=lambda count: progress.advance(catalogue, count))
        events = progress.add_task("events", total=stream.size)
        sent = replay(
            stream,
            options.url,
            api_key,
            batch_size=options.batch_size,
            connections=options.connections,
            on_progress=lambda count: progress.advance(events, count),
            ledger=ledger,
        )
    return sent.as_dict()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m data.replay",
        description="Load a catalogue and send a clickstream through POST /update-data and POST /events.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", help="base of the API with its stage, such as http://127.0.0.1:4566/v1")
    parser.add_argument("--source", type=Path, help="file or folder to replay; the generated shop by default")
    parser.add_argument("--mapping", type=Path, help="mapping.yaml for a custom CSV or JSONL file")
    parser.add_argument("--batch-size", type=int, default=100, help="events per request, 1 to 500 (%(default)s)")
    parser.add_argument(
        "--ledger", type=Path, help="file to which each sending of an event is appended, for python -m deployment.audit"
    )
    parser.add_argument("--connections", type=int, default=4, help="requests at the same time (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
