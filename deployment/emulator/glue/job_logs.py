"""The output of a run in CloudWatch's log groups for Glue, and the error message of a failed run.

Groups and streams: https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from deployment.emulator.internal_requests import call_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_PREFIX = "/aws-glue/jobs"
# API_PutLogEvents: 1 MiB a batch, counting 26 bytes for each event beside its text, and 10,000 events.
BATCH_EVENTS = 1000
EVENT_LIMIT_CHARACTERS = 1000
# The console shows no more of an ErrorMessage.
MESSAGE_LIMIT_CHARACTERS = 2000
ERROR_LINE = re.compile(r"^(?:[A-Za-z_][\w.]*)(?:Error|Exception|Exit|Interrupt|Refused|Invalid)?\w*(?::|$)")


@contextmanager
def writers(folder: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open the files that a run's standard output and error go to."""
    with (folder / "stdout").open("wb") as output, (folder / "stderr").open("wb") as errors:
        yield output, errors


def error_message(folder: Path, status: int) -> str:
    """Return the exception and the line number of a failed script."""
    lines = (folder / "stderr").read_text(errors="replace").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last):")]
    if not starts:
        return f"Error Category: UNCLASSIFIED_ERROR; Command failed with exit code {status}"
    trace = lines[starts[-1] + 1 :]
    raised = [number for number, line in enumerate(trace) if line and not line[0].isspace() and ERROR_LINE.match(line)]
    # Py4J prints Spark's exception on the next line, which begins with a colon.
    lines = trace[raised[0] : raised[0] + 2] if raised else [""]
    reason = "".join([lines[0], *(line for line in lines[1:] if line.startswith(": "))])
    places = re.findall(r'File ".*", line (\d+), in <module>', "\n".join(trace))
    place = f"Failed Line Number: {places[-1]}; " if places else ""
    return f"Error Category: UNCLASSIFIED_ERROR; {place}{reason}"[:MESSAGE_LIMIT_CHARACTERS]


def close(record: dict[str, Any], folder: Path, message: str) -> None:
    """Append the reason of a failure to the error log, so that a run that never started has a log, too."""
    if folder.is_dir():
        with (folder / "stderr").open("a") as errors:
            errors.write(f"{message}\n" if message else f"Run {record['Id']} has ended.\n")


def log_group_prefix(arguments: dict[str, str], security_configuration: str, role: str) -> str:
    """Return the prefix of a run's two log groups, ``…/output`` and ``…/error``.

    Glue 5 ignores ``--continuous-log-logGroup``. A security configuration adds its name and the role's.
    """
    prefix = arguments.get("--custom-logGroup-prefix") or DEFAULT_PREFIX
    role_name = role.rpartition("/")[2]
    return f"{prefix}/{security_configuration}-role/{role_name}" if security_configuration else prefix


def publish(record: dict[str, Any], folder: Path) -> None:
    """Put the output into the run's log streams."""
    for group, name in (("output", "stdout"), ("error", "stderr")):
        _put(f"{record['LogGroupName']}/{group}", record["Id"], _lines(folder / name))


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    return [line[:EVENT_LIMIT_CHARACTERS] for line in path.read_text(errors="replace").splitlines() if line.strip()]


def _put(group: str, stream: str, lines: list[str]) -> None:
    # A group or stream that exists already is fine.
    call_json("logs", "Logs_20140328.CreateLogGroup", {"logGroupName": group})
    call_json("logs", "Logs_20140328.CreateLogStream", {"logGroupName": group, "logStreamName": stream})
    now = int(time.time() * 1000)
    for start in range(0, len(lines), BATCH_EVENTS):
        events = [{"timestamp": now, "message": line} for line in lines[start : start + BATCH_EVENTS]]
        entry = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
        call_json("logs", "Logs_20140328.PutLogEvents", entry)
