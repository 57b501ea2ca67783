"""Converts a clickstream in any supported format to JSON lines of the contract: `python -m data.loaders --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from data.generate import write_stream
from data.loaders import UnknownFormatError, open_stream

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m data.loaders", description=__doc__)
    parser.add_argument("source", type=Path, help="a file or folder, such as MovieLens or YooChoose sessions")
    parser.add_argument("--mapping", type=Path, help="mapping.yaml, for columns that are not the contract's")
    parser.add_argument("--out", type=Path, required=True, help="folder for events.jsonl, items.jsonl, users.jsonl")
    options = parser.parse_args(arguments)
    try:
        stream = open_stream(options.source, options.mapping)
    except UnknownFormatError as error:
        print(f"data.loaders: {error}", file=sys.stderr)  # noqa: T201 - output of a command
        return 2
    write_stream(stream, options.out)
    print(f"{stream.expected.sent:,} events of {stream.name} in {options.out}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
