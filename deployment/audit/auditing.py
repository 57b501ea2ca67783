"""An audit: reads the ledger and every stage into partitions on disk, and compares them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.contract.accounting.ledger import LedgerError
from backend.contract.accounting.outcomes import FORWARD
from backend.contract.rules.event_types import SEARCH, read_interaction_types
from deployment.audit import stages
from deployment.audit.comparison import HISTORY, LAKE, STREAM, TRACKER, Comparison, Finding, compare
from deployment.audit.partitions import Partitions

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Mapping

    from deployment.audit.partitions import Sighting

LATE_SECONDS = 900.0


@dataclass(frozen=True)
class Resources:
    """Where the stages of an environment are.

    Attributes
    ----------
    client
        Returns a client of a service by its name in boto3.
    prefix
        Project and environment, joined by a hyphen.
    engine
        The directory of the engine that is the event tracker; None where it is Amazon Personalize.
    """

    client: Callable[[str], Any]
    prefix: str
    engine: Path | None = None

    @property
    def database(self) -> str:
        """The lake's database."""
        return self.prefix.replace("-", "_")

    def bucket(self, purpose: str) -> str:
        """Return the name of a bucket."""
        return f"{self.prefix}-{self.client('sts').get_caller_identity()['Account']}-{purpose}"

    @property
    def history_days(self) -> int:
        """How long the history keeps an event."""
        return int(self._forward_settings["HISTORY_DAYS"])

    @property
    def forwarded_types(self) -> frozenset[str]:
        """The types of event that the event tracker gets."""
        return frozenset({*read_interaction_types(self._forward_settings), SEARCH})

    @property
    def _forward_settings(self) -> Mapping[str, str]:
        function = self.client("lambda").get_function_configuration(FunctionName=f"{self.prefix}-forward")
        settings: Mapping[str, str] = function["Environment"]["Variables"]
        return settings


@dataclass
class Audit:
    """The result, with the outcomes that forward counted where the event tracker cannot be read.

    Attributes
    ----------
    sendings
        Lines of the ledger in the window by outcome, those without an event id included.
    """

    comparison: Comparison
    first: datetime
    last: datetime
    sendings: Counter[str]
    remarks: list[str] = field(default_factory=list)
    forward: dict[str, int] = field(default_factory=dict)


def audit(
    ledger: Path,
    resources: Resources,
    window: stages.Window | None = None,
    *,
    late_seconds: float = LATE_SECONDS,
    show: Callable[[str, int], None] = lambda _place, _count: None,
    on_finding: Callable[[Finding], None] = lambda _: None,
) -> Audit:
    """Compare the sendings of a ledger with the stages of an environment.

    Parameters
    ----------
    show
        Called with the place that is read, and the events that were read there so far.
    on_finding
        See `compare`.

    Raises
    ------
    LedgerError
        Where a line of the ledger is no entry, or none is in the window.
    """
    window = window or stages.Window()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="rivulet-audit-") as folder:
        partitions = Partitions(Path(folder))
        remarks: list[str] = []
        read = []
        with partitions, ledger.open("rb") as lines:
            _add(partitions, "ledger", window.ledger(lines), show)
            if not window.sendings:
                raise LedgerError(f"{ledger} has no sending in the window, so there is nothing to compare")
            for stage, sightings in _stages(resources, window, now, remarks):
                _add(partitions, stage, sightings, show)
                read.append(stage)
        compared = [stage for stage in (STREAM, LAKE, TRACKER, HISTORY) if stage in read]
        comparison = compare(partitions.parts(), compared, late_seconds, on_finding, resources.forwarded_types)
    comparison.without_id = window.without_id
    result = Audit(comparison, window.first, window.last, window.sendings, remarks)
    if resources.engine is None:
        cloudwatch = resources.client("cloudwatch")
        names = (FORWARD.received, *FORWARD.outcomes)
        result.forward = stages.forward_counts(cloudwatch, resources.prefix, names, window, now)
    return result


def _stages(
    resources: Resources, window: stages.Window, now: datetime, remarks: list[str]
) -> Iterator[tuple[str, Iterator[Sighting]]]:
    client, prefix = resources.client, resources.prefix
    kinesis, stream = client("kinesis"), f"{prefix}-events"
    if stages.is_beyond_retention(kinesis, stream, window, now):
        remarks.append("The stream has deleted a part of the window, so it is not compared.")
    else:
        yield STREAM, stages.in_stream(kinesis, stream, window, now)
    s3 = client("s3")
    yield LAKE, stages.in_lake(client("athena"), s3, resources.database, prefix, window)
    yield "failures", stages.failed(s3, resources.bucket("bad-rows"), resources.bucket("lake"), window)
    if resources.engine is None:
        remarks.append(
            "Amazon Personalize returns no events, so the tracker is not compared: the history has what it accepted."
        )
    else:
        yield TRACKER, stages.in_engine(resources.engine)
    history = stages.in_history(client("dynamodb"), f"{prefix}-history", resources.history_days, window, now)
    yield HISTORY, history


def _add(partitions: Partitions, place: str, sightings: Iterator[Sighting], show: Callable[[str, int], None]) -> None:
    count = 0
    show(place, count)
    for count, sighting in enumerate(sightings, 1):
        partitions.add(sighting)
        if count % 1000 == 0:
            show(place, count)
