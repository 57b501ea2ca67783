"""The command `python -m model.engine salvage`: shows what is damaged in the event logs, and keeps what is sound."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from model.engine.personalize.errors import DirectoryInUseError
from model.engine.storage.disk.state_directory import StateDirectory
from model.engine.storage.salvage import salvage_group

if TYPE_CHECKING:
    from collections.abc import Sequence

SALVAGE = "salvage"
DAMAGED, CANNOT_START = 1, 2

DESCRIPTION = """Show what is damaged in the event logs of an engine that is not running. With --write, segments from
the first damage on are replaced by ones with all sound frames; the old ones are kept in `cut` beside the log. Solution
versions count streamed interactions by their place in the log, so train again where some are lost."""


def salvage(arguments: Sequence[str]) -> int:
    """Print a line for each damage; return 1 if there is some that was not salvaged, 2 if the directory is in use."""
    parser = argparse.ArgumentParser(prog=f"python -m model.engine {SALVAGE}", description=DESCRIPTION)
    parser.add_argument("--directory", required=True, type=Path, help="directory of all state")
    parser.add_argument("--write", action="store_true", help="keep what is sound; without it nothing is changed")
    options = parser.parse_args(arguments)
    try:
        state = StateDirectory.open(options.directory)
    except DirectoryInUseError as error:
        sys.stderr.write(f"The directory cannot be used: {error}.\n")
        return CANNOT_START
    try:
        groups = sorted((state.root / "groups").glob("*/streamed"))
        problems = [problem for log in groups for problem in salvage_group(log.parent, write=options.write)]
    finally:
        state.close()
    outcome = "Nothing was changed: --write keeps the sound frames in the logs."
    if not problems:
        outcome = "Every event log is sound."
    elif options.write:
        outcome = "The sound frames are in the logs; the damaged segments are in `cut` beside them."
    sys.stdout.write("".join(f"{line}\n" for line in (*problems, outcome)))
    return DAMAGED if problems and not options.write else 0
