"""The comparison of the ledger with the stages: what is lost, doubled and late at each."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from backend.contract.rules.event_types import FORWARDED_TYPES, IMPRESSION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from deployment.audit.partitions import Sighting

ACCEPTED, UNKNOWN, SUPPRESSED, REFUSED = LEDGER = ("accepted", "unknown", "suppressed", "refused")
STREAM, LAKE, TRACKER, HISTORY = STAGES = ("stream", "lake", "tracker", "history")

FAILED = {LAKE: "failed at the lake", TRACKER: "failed at forward", HISTORY: "failed at forward"}
"""By stage, the place where the events are kept that it refused or could not process."""

_PLACES_OF_FAILURES = tuple(dict.fromkeys(FAILED.values()))

_REPEATABLE = (STREAM, LAKE)
"""Stages that hold an event again where it was sent or delivered again; who reads them deduplicates by event id."""


class Finding(NamedTuple):
    """One event with which something is wrong at a stage: `lost`, `doubled`, `late` or `suppressed`."""

    kind: str
    stage: str
    event_id: str


@dataclass
class StageCounts:
    """Numbers of the ledger's events at one stage.

    Attributes
    ----------
    expected
        Different events that the API accepted, and those without an answer that a stage has seen or refused; for the
        tracker and the history without those that are not forwarded.
    found, failed, lost
        Those that are there; that are kept as bad rows or as records that failed; and all others.
    doubled
        Those that the stage counts as two: the tracker stored it twice, or one id has two users or times.
    copies
        Further rows of an event, more than it was sent; readers deduplicate them by event id.
    late
        Those that arrived later than the limit after the API's answer.
    others
        Different events that are not in the ledger, as those of other producers.
    """

    expected: int = 0
    found: int = 0
    failed: int = 0
    lost: int = 0
    doubled: int = 0
    copies: int = 0
    late: int = 0
    others: int = 0


@dataclass
class Comparison:
    """The result of an audit.

    Attributes
    ----------
    distinct
        Different accepted events.
    not_forwarded
        Those that the tracker and the history do not get, by type.
    suppressed_found
        Events that deny consent and are at a stage, or kept as failed, nevertheless.
    without_id
        Accepted lines of the ledger without an event id, which cannot be compared.
    """

    stages: dict[str, StageCounts]
    distinct: int = 0
    suppressed_found: int = 0
    without_id: int = 0
    not_forwarded: Counter[str] = field(default_factory=Counter)

    @property
    def lost(self) -> int:
        """Events that at least one stage lost, counted once per stage."""
        return sum(counts.lost for counts in self.stages.values())

    @property
    def doubled(self) -> int:
        """Events that count as two at a stage."""
        return sum(counts.doubled for counts in self.stages.values())

    @property
    def unaccounted(self) -> int:
        """Everything that an audit must not find."""
        return self.lost + self.doubled + self.suppressed_found + self.without_id


def compare(
    parts: Iterable[Sequence[Sighting]],
    stages: Sequence[str],
    late_seconds: float,
    on_finding: Callable[[Finding], None] = lambda _: None,
    forwarded_types: Collection[str] = FORWARDED_TYPES,
) -> Comparison:
    """Compare the ledger's events with the stages, part by part.

    Parameters
    ----------
    parts
        The sightings; all those of an event are in one part.
    stages
        The stages that were read.
    on_finding
        Called with each event that is lost, doubled, late, or stored although it denies consent.
    forwarded_types
        The types of event that the event tracker and the history get whatever their fields; of the others except an
        `Impression`, those that have a user and a session in the stream or the lake.
    """
    result = Comparison({stage: StageCounts() for stage in stages})
    for part in parts:
        events: defaultdict[str, list[Sighting]] = defaultdict(list)
        for sighting in part:
            events[sighting.event_id].append(sighting)
        for event_id, sightings in events.items():
            by_place: defaultdict[str, list[Sighting]] = defaultdict(list)
            for sighting in sightings:
                by_place[sighting.place].append(sighting)
            _compare_event(event_id, by_place, result, late_seconds, on_finding, forwarded_types)
    return result


def _compare_event(
    event_id: str,
    by_place: Mapping[str, list[Sighting]],
    result: Comparison,
    late_seconds: float,
    on_finding: Callable[[Finding], None],
    forwarded_types: Collection[str],
) -> None:
    counts = {outcome: len(by_place.get(outcome, ())) for outcome in LEDGER}
    seen = [stage for stage in result.stages if by_place.get(stage)]
    if not any(counts.values()):
        for stage in seen:
            result.stages[stage].others += 1
        return
    seen += [place for place in _PLACES_OF_FAILURES if by_place.get(place)]
    if not counts[ACCEPTED] and not (counts[UNKNOWN] and seen):
        if counts[SUPPRESSED] and seen:
            result.suppressed_found += 1
            on_finding(Finding("suppressed", seen[0], event_id))
        return
    result.distinct += 1
    sent = [*by_place.get(ACCEPTED, ()), *by_place.get(UNKNOWN, ())]
    stored = [*by_place.get(STREAM, ()), *by_place.get(LAKE, ())]
    # A ledger need not name the type.
    is_forwarded = any(
        sighting.event_type is None
        or sighting.event_type in forwarded_types
        or (sighting.event_type != IMPRESSION and any(each.has_user_and_session for each in stored))
        for sighting in sent
    )
    if not is_forwarded:
        result.not_forwarded[str(sent[0].event_type)] += 1
    for stage, stage_counts in result.stages.items():
        if stage in (TRACKER, HISTORY) and not is_forwarded:
            continue
        is_failed = bool(by_place.get(FAILED.get(stage, "")))
        for kind in _count(stage, by_place.get(stage, []), sent, stage_counts, late_seconds, is_failed=is_failed):
            on_finding(Finding(kind, stage, event_id))


def _count(
    stage: str,
    found: Sequence[Sighting],
    sent: Sequence[Sighting],
    counts: StageCounts,
    late_seconds: float,
    *,
    is_failed: bool,
) -> list[str]:
    """Count one event at one stage, and return the kinds of the findings."""
    counts.expected += 1
    if not found:
        if is_failed:
            counts.failed += 1
            return []
        counts.lost += 1
        return ["lost"]
    counts.found += 1
    findings = []
    if (stage == TRACKER and len(found) > 1) or len({sighting.identity for sighting in found}) > 1:
        counts.doubled += 1
        findings.append("doubled")
    elif stage in _REPEATABLE:
        counts.copies += max(0, len(found) - len(sent))
    arrivals = [sighting.at for sighting in found if sighting.at is not None]
    answers = [sighting.at for sighting in sent if sighting.at is not None]
    if arrivals and answers and min(arrivals) - min(answers) > late_seconds:
        counts.late += 1
        findings.append("late")
    return findings
