"""Converts a clickstream in any supported format to JSON lines of the contract: `python -m data.loaders --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from data.generate import write_stream
from data.loaders import UnknownFormatError, mapping, open_stream
from data.loaders.detection import ACCEPTED_FORMATS
from data.loaders.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING_ACCEPTED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 2 for a source that cannot be read, or of which no event is accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m data.loaders",
        description=__doc__,
        epilog=f"{ACCEPTED_FORMATS}\n\nmapping.yaml:\n{mapping.__doc__}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, help="a file or folder, such as MovieLens or YooChoose sessions")
    parser.add_argument("--mapping", type=Path, help="mapping.yaml, for columns that are not the contract's")
    parser.add_argument("--out", type=Path, required=True, help="folder for events.jsonl, items.jsonl, users.jsonl")
    options = parser.parse_args(arguments)
    try:
        return _convert(options)
    except UnknownFormatError as error:
        print(f"data.loaders: {error}", file=sys.stderr)  # noqa: T201 - output of a command
        return NOTHING_ACCEPTED


def _convert(options: argparse.Namespace) -> int:
    _check_out(options.out, options.source)
    stream = open_stream(options.source, options.mapping)
    print("\n".join(summarize(stream)))  # noqa: T201 - output of a command
    if not stream.expected.accepted and not any(True for _ in stream.items):
        raise UnknownFormatError(f"{options.source} has no event that is accepted; nothing is written")
    write_stream(stream, options.out)
    print(f"written to {options.out}")  # noqa: T201 - output of a command
    return 0


def _check_out(out: Path, source: Path) -> None:
    """Raise an `UnknownFormatError` where the folder to write to holds the source, whose files would be replaced."""
    folder = source if source.is_dir() else source.parent
    if out.resolve() in {folder.resolve(), source.resolve().parent}:
        raise UnknownFormatError(
            f"--out {out} holds the source {source}, whose files would be replaced; give another folder"
        )


if __name__ == "__main__":
    sys.exit(main())
