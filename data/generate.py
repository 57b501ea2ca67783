"""Command that writes a generated shop and its clickstream to files."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.generator import Settings, generate
from data.generator.settings import DEFAULT_SEED, midnight_today
from data.generator.structure import GUESSES, measure_structure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from data.stream import Stream

_EXAMPLES = """\
files written:
  items.jsonl, users.jsonl   records for POST /update-data
  events.jsonl               events for POST /events, one per line in order of arrival, broken ones included
  expected.json              expected outcomes at the API: accepted, refused by reason, suppressed, repeats

examples:
  python -m data.generate --out build/shop
  python -m data.generate --out build/large --events 5000000 --users 200000 --items 20000
  python -m data.generate --out build/same --seed 7 --until 2026-11-01T00:00:00Z
  python -m data.generate --structure      # hit rates of popularity, of item transitions and of an oracle
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings(
            items=options.items,
            users=options.users,
            events=options.events,
            days=options.days,
            seed=options.seed,
            until=options.until,
        )
    except ValueError as error:
        print(f"data.generate: {error}", file=sys.stderr)  # noqa: T201 - output of a command
        return 2
    if settings.until > datetime.now(UTC):
        until = settings.until.isoformat()
        print(f"data.generate: until is {until}; it must not be in the future", file=sys.stderr)  # noqa: T201
        return 2
    if options.structure:
        print(json.dumps({f"hit_rate_at_{GUESSES}": asdict(measure_structure(settings))}, indent=2))  # noqa: T201
        return 0
    stream = generate(settings)
    write_stream(stream, options.out)
    print(json.dumps(stream.expected.as_dict(), indent=2))  # noqa: T201
    return 0


def write_stream(stream: Stream, folder: Path) -> None:
    """Write a stream to a folder: `items.jsonl`, `users.jsonl`, `events.jsonl` and `expected.json`.

    The files of these names are replaced once the whole stream is written; a stream that cannot be read to its end
    changes none of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as name:
        unfinished = Path(name)
        _write_records(stream.items, unfinished / "items.jsonl")
        _write_records(stream.users, unfinished / "users.jsonl")
        with (unfinished / "events.jsonl").open("wb") as file:
            file.writelines(event.payload + b"\n" for event in stream.events)
        expected = json.dumps(stream.expected.as_dict(), indent=2) + "\n"
        (unfinished / "expected.json").write_text(expected, encoding="utf-8")
        for path in sorted(unfinished.iterdir()):
            path.replace(folder / path.name)


def _write_records(records: Iterable[dict[str, object]], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _parse_timestamp(text: str) -> datetime:
    timestamp = datetime.fromisoformat(text)
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m data.generate",
        description="Generate a shop with items, users and a clickstream; the same seed gives the same data.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Settings()
    parser.add_argument("--out", type=Path, default=Path("build/shop"), help="folder to write to (%(default)s)")
    parser.add_argument("--events", type=int, default=default.events, help="number of events (%(default)s)")
    parser.add_argument("--items", type=int, default=default.items, help="number of items (%(default)s)")
    parser.add_argument("--users", "--people", type=int, default=default.users, help="number of users (%(default)s)")
    parser.add_argument("--days", type=int, default=default.days, help="length of the period in days (%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help="the same seed gives the same bytes (%(default)s)"
    )
    parser.add_argument(
        "--until",
        type=_parse_timestamp,
        default=midnight_today(),
        help="end of the period, RFC 3339 (last midnight UTC)",
    )
    parser.add_argument("--structure", action="store_true", help="print how predictable the stream is; write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
