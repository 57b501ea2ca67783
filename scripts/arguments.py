"""The job's arguments, among those that Glue adds for itself."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from datetime import UTC, datetime

_RUN_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")


@dataclass(frozen=True)
class Window:
    """When events came in: from `start` on and before `end`, UTC; None where open."""

    start: datetime | None = None
    end: datetime | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return the window in a form that JSON can hold."""
        return {
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
        }


@dataclass(frozen=True)
class Options:
    """What the job is to do.

    Attributes
    ----------
    job_name
        As Glue names it.
    lake
        Folder of the raw lake, with `events/`, `items/` and `users/`, ends with a slash.
    target
        Folder that the run writes, ends with a slash.
    run_id
        Names the run in the manifest.
    window
        The arrival window.
    """

    job_name: str
    lake: str
    target: str
    run_id: str
    window: Window


def read_arguments(arguments: list[str]) -> Options:
    """Read the job's arguments; Glue's own, such as --enable-metrics or --TempDir, are passed over.

    Raises
    ------
    SystemExit
        An argument is missing or wrong; the message names it.
    """
    # Glue knows no abbreviations, and with them --enable-… could be taken for one of ours.
    parser = argparse.ArgumentParser(prog="datasets", description=__doc__, allow_abbrev=False)
    parser.add_argument("--JOB_NAME", default="datasets", help="set by Glue")
    parser.add_argument("--lake", required=True, help="folder of the raw lake, s3:// or local")
    parser.add_argument("--datasets", required=True, help="folder under which the run's folder is written")
    parser.add_argument("--run_id", required=True, type=_run_id, help="name of the run's folder")
    parser.add_argument(
        "--from", dest="start", type=_moment, help="first arrival, RFC 3339; from the beginning if absent"
    )
    parser.add_argument("--to", dest="end", type=_moment, help="end of arrivals, itself excluded; until now if absent")
    found, _ = parser.parse_known_args(arguments)
    if found.start and found.end and found.start >= found.end:
        parser.error(f"--from {found.start.isoformat()} is not before --to {found.end.isoformat()}")
    return Options(
        job_name=found.JOB_NAME,
        lake=found.lake.rstrip("/") + "/",
        target=f"{found.datasets.rstrip('/')}/{found.run_id}/",
        run_id=found.run_id,
        window=Window(found.start, found.end),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no offset; write for instance {text}Z")
    return moment.astimezone(UTC)


def _run_id(text: str) -> str:
    if not _RUN_ID.fullmatch(text) or text.strip(".") == "":
        raise argparse.ArgumentTypeError(f"{text!r} is no name for a folder; use letters, digits, '-', '_' and '.'")
    return text
