"""Parses the job's arguments, ignoring those that Glue adds."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scripts.event_types import INTERACTION_TYPES, EventTypesError, read_interaction_types

_RUN_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")


@dataclass(frozen=True)
class Window:
    """A window of arrival times, UTC: `start` is included, `end` is excluded, None means unbounded."""

    start: datetime | None = None
    end: datetime | None = None

    def in_hours(self) -> Window:
        """Return the window from the start of its first hour to the end of its last."""
        start = self.start and self.start.replace(minute=0, second=0, microsecond=0)
        end = self.end and self.end.replace(minute=0, second=0, microsecond=0)
        return Window(start, end + timedelta(hours=1) if end and end != self.end else end)

    def as_dict(self) -> dict[str, str | None]:
        """Return the window as JSON values."""
        return {
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
        }


@dataclass(frozen=True)
class Options:
    """The job's parsed arguments.

    Attributes
    ----------
    lake
        Folder of the raw lake, with `events/`, `items/` and `users/`; ends with a slash.
    target
        Folder of the run's output; ends with a slash.
    interaction_types
        The types of event that are interactions of the data set.
    """

    job_name: str
    lake: str
    target: str
    run_id: str
    window: Window
    interaction_types: tuple[str, ...] = INTERACTION_TYPES

    @property
    def popular_by_fact(self) -> str:
        """Address of the popular items by users' facts, which are those of the last run."""
        return f"{self.target.removesuffix(f'{self.run_id}/')}popular-by-fact.json"


def read_arguments(arguments: list[str]) -> Options:
    """Parse the job's arguments; the error of a missing or invalid one names it.

    Glue's own arguments, such as --enable-metrics or --TempDir, are ignored.
    """
    # With abbreviations one of Glue's arguments (--enable-…) could be parsed as one of the job's.
    parser = argparse.ArgumentParser(prog="datasets", description=__doc__, allow_abbrev=False)
    parser.add_argument("--JOB_NAME", default="datasets", help="set by Glue")
    parser.add_argument("--lake", required=True, help="folder of the raw lake, s3:// or local")
    parser.add_argument("--datasets", required=True, help="folder under which the run's folder is written")
    parser.add_argument("--run_id", required=True, type=parse_run_id, help="name of the run's folder")
    parser.add_argument(
        "--from", dest="start", type=parse_timestamp, help="first arrival, RFC 3339; unbounded if absent"
    )
    parser.add_argument("--to", dest="end", type=parse_timestamp, help="end of arrivals, excluded; unbounded if absent")
    parser.add_argument(
        "--interaction_types",
        type=_parse_types,
        default=INTERACTION_TYPES,
        help="types of event that are interactions, separated by commas",
    )
    options, _ = parser.parse_known_args(arguments)
    if options.start and options.end and options.start >= options.end:
        parser.error(f"--from {options.start.isoformat()} is not before --to {options.end.isoformat()}")
    return Options(
        job_name=options.JOB_NAME,
        lake=options.lake.rstrip("/") + "/",
        target=f"{options.datasets.rstrip('/')}/{options.run_id}/",
        run_id=options.run_id,
        window=Window(options.start, options.end),
        interaction_types=options.interaction_types,
    )


def _parse_types(text: str) -> tuple[str, ...]:
    try:
        return read_interaction_types(text)
    except EventTypesError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parse_timestamp(text: str) -> datetime:
    """Parse a time with an offset, for argparse."""
    try:
        timestamp = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write 2026-11-01T00:00:00Z, for example") from None
    if timestamp.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no offset; write {text}Z, for example")
    return timestamp.astimezone(UTC)


def parse_run_id(text: str) -> str:
    """Check a run's name, which is that of a folder, for argparse."""
    if not _RUN_ID.fullmatch(text) or text.strip(".") == "":
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder name; use letters, digits, '-', '_' and '.'")
    return text
