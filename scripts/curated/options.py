"""Parses the arguments of the job of curated tables, ignoring those that Glue adds."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date

from scripts.arguments import Window, parse_run_id, parse_timestamp


@dataclass(frozen=True)
class CurateOptions:
    """The job's parsed arguments.

    Attributes
    ----------
    lake
        Folder of the raw lake, with `events/`, `items/`, `users/` and `served_lists/`; ends with a slash.
    curated
        Folder of the curated tables; ends with a slash.
    first_day
        First day of the tables' projection, before which Athena finds no row; None to count none.
    currency
        The currency that revenue is the sum of; None for the sum of all values.
    """

    job_name: str
    lake: str
    curated: str
    run_id: str
    window: Window
    first_day: date | None = None
    currency: str | None = None


def read_options(arguments: list[str]) -> CurateOptions:
    """Parse the job's arguments; the error of a missing or invalid one names it."""
    # With abbreviations one of Glue's arguments (--enable-…) could be parsed as one of the job's.
    parser = argparse.ArgumentParser(prog="curate", description=__doc__, allow_abbrev=False)
    parser.add_argument("--JOB_NAME", default="curate", help="set by Glue")
    parser.add_argument("--lake", required=True, help="folder of the raw lake, s3:// or local")
    parser.add_argument("--curated", required=True, help="folder of the curated tables, s3:// or local")
    parser.add_argument("--run_id", required=True, type=parse_run_id, help="name of the run in the table of builds")
    parser.add_argument("--from", dest="start", type=parse_timestamp, help="first arrival, RFC 3339; absent: all")
    parser.add_argument("--to", dest="end", type=parse_timestamp, help="end of arrivals, excluded; absent: all")
    parser.add_argument("--start", dest="first_day", type=_parse_day, help="first day that the tables project")
    parser.add_argument("--currency", type=_parse_currency, help="currency of revenue, ISO 4217; absent: all values")
    options, _ = parser.parse_known_args(arguments)
    if options.start and options.end and options.start >= options.end:
        parser.error(f"--from {options.start.isoformat()} is not before --to {options.end.isoformat()}")
    return CurateOptions(
        job_name=options.JOB_NAME,
        lake=options.lake.rstrip("/") + "/",
        curated=options.curated.rstrip("/") + "/",
        run_id=options.run_id,
        window=Window(options.start, options.end),
        first_day=options.first_day,
        currency=options.currency,
    )


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write 2026-11-01, for example") from None


def _parse_currency(text: str) -> str:
    if len(text) != 3 or not (text.isascii() and text.isalpha() and text.isupper()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a currency; write three capital letters, such as EUR")
    return text
