"""Generates the stream: visits hour by hour, with defects, in order of arrival."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import accumulate
from typing import TYPE_CHECKING

from data.generator.catalogue import make_catalogue
from data.generator.invalid_events import as_json, break_event
from data.generator.sessions import Visit, browse, crawl
from data.generator.timestamps import HOUR_MS, activity_of_hour
from data.generator.users import make_population, user_record
from data.stream import ACCEPTED, SUPPRESSED, RawEvent, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.generator.catalogue import Catalogue
    from data.generator.sessions import EventDraft
    from data.generator.settings import Settings
    from data.generator.users import Population

_ANONYMOUS = 0.25
_LOGS_IN = 0.6
# Share of the events without an event id; the API derives one.
_WITHOUT_ID = 0.05
# Share of the visits from the most used device.
_USUAL_DEVICE = 0.8


def generate(settings: Settings) -> Stream:
    """Return a generated shop and its clickstream; events are generated while they are read, in constant memory."""
    catalogue = make_catalogue(settings)
    population = make_population(settings, catalogue)
    return Stream(
        items=lambda: (catalogue.record(index) for index in range(len(catalogue.items))),
        users=lambda: (user_record(user, catalogue) for user in population.users),
        events=lambda: _Traffic(settings, catalogue, population).events(),
        name=f"generated shop, seed {settings.seed}",
        size=settings.events,
    )


class _Traffic:
    """One pass over the events, which a heap sorts by arrival."""

    def __init__(self, settings: Settings, catalogue: Catalogue, population: Population) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.population = population
        self.rng = settings.rng("events")
        self.event_count = 0
        self.bot_event_count = 0
        self.heap: list[tuple[int, int, RawEvent]] = []

    def events(self) -> Iterator[RawEvent]:
        """Yield exactly `settings.events` events, in order of arrival."""
        settings = self.settings
        hours = range(settings.since_ms, settings.until_ms, HOUR_MS)
        cumulative_activity = list(accumulate(activity_of_hour(hour) for hour in hours))
        total = cumulative_activity[-1]
        for hour, reached in zip(hours, cumulative_activity, strict=True):
            quota = settings.events if reached == total else int(settings.events * reached / total)
            while self.event_count < quota:
                self._add_visit(hour)
            while self.heap and self.heap[0][0] < hour + HOUR_MS:
                yield heappop(self.heap)[2]
        while self.heap:
            yield heappop(self.heap)[2]

    def _add_visit(self, hour_ms: int) -> None:
        rng = self.rng
        start_ms = hour_ms + rng.randrange(HOUR_MS)
        session_id = f"session-{rng.getrandbits(64):016x}"
        # Bots start 100 events behind their share, so that a short stream does not consist of bots alone.
        if self.bot_event_count < self.settings.bots * self.event_count - 100:
            before = self.event_count
            for draft in crawl(start_ms, rng.randrange(60, 200), self.catalogue, rng):
                self._send(draft, {"session_id": session_id}, denied=False)
            self.bot_event_count += self.event_count - before
            return
        user = self.population.draw(rng)
        progress = (start_ms - self.settings.since_ms) / (self.settings.until_ms - self.settings.since_ms)
        drafts = browse(Visit(user, start_ms, progress), self.catalogue, rng)
        denied = rng.random() < self.settings.denied
        usual, other = user.devices[0], user.devices[-1]
        device, visitor_id = usual if rng.random() < _USUAL_DEVICE else other
        login_position = self._draw_login_position(len(drafts))
        for number, draft in enumerate(drafts):
            if draft.time_ms >= self.settings.until_ms:
                # The API refuses events of the future.
                continue
            identity: dict[str, object] = {"session_id": session_id, "visitor_id": visitor_id, "device": device}
            if draft.fields["event_type"] == "Rating":
                # Ratings are given in reply to an e-mail, days after the visit.
                identity = {"user_id": user.user_id}
            elif number >= login_position:
                identity["user_id"] = user.user_id
            self._send(draft, identity, denied=denied)

    def _draw_login_position(self, length: int) -> int:
        """Draw the index of the first event with a logged-in user; `length` means never."""
        if self.rng.random() >= _ANONYMOUS:
            return 0
        return self.rng.randrange(1, length) if length > 1 and self.rng.random() < _LOGS_IN else length

    def _send(self, draft: EventDraft, identity: dict[str, object], *, denied: bool) -> None:
        rng = self.rng
        settings = self.settings
        fields: dict[str, object] = {}
        if rng.random() >= _WITHOUT_ID:
            fields["event_id"] = f"{rng.getrandbits(128):032x}"
        fields |= draft.fields | identity
        user = str(identity.get("user_id") or identity["session_id"])
        if denied:
            fields["consent"] = "denied"
            payload = as_json(fields)
            self._schedule(RawEvent(payload, user, draft.time_ms, SUPPRESSED, _event_key(fields, payload)))
            return
        if rng.random() < settings.broken:
            payload, reason, is_json = break_event(fields, rng)
            self._schedule(RawEvent(payload, user, draft.time_ms, reason, "", is_json))
            return
        payload = as_json(fields)
        is_late = rng.random() < settings.late
        arrival_ms = draft.time_ms + (int(rng.uniform(10 / 60, 48) * HOUR_MS) if is_late else 0)
        event = RawEvent(payload, user, arrival_ms, ACCEPTED, _event_key(fields, payload), is_late=is_late)
        self._schedule(event)
        if rng.random() < settings.repeated:
            self._schedule(event._replace(arrival_ms=arrival_ms + rng.randrange(500, HOUR_MS)))

    def _schedule(self, event: RawEvent) -> None:
        if self.event_count < self.settings.events:
            self.event_count += 1
            heappush(self.heap, (event.arrival_ms, self.event_count, event))


def _event_key(fields: dict[str, object], payload: bytes) -> str:
    """Return the event's id, or the whole payload, from which the API derives an id."""
    return str(fields.get("event_id") or payload.decode())
