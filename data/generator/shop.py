"""Puts the stream together: visits hour by hour, dirt, and everything in order of arrival."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import accumulate
from typing import TYPE_CHECKING

from data.generator.catalogue import make_catalogue
from data.generator.dirt import as_json, break_event
from data.generator.moments import HOUR_MS, busyness
from data.generator.sessions import Visit, browse, crawl
from data.generator.users import make_crowd, user_record
from data.stream import ACCEPTED, SUPPRESSED, RawEvent, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data.generator.catalogue import Catalogue
    from data.generator.sessions import Draft
    from data.generator.settings import Settings
    from data.generator.users import Crowd

_ANONYMOUS = 0.25
_LOGS_IN = 0.6
# Producers that leave the event id to the door.
_WITHOUT_ID = 0.05


def generate(settings: Settings) -> Stream:
    """Make a shop and its clickstream.

    Parameters
    ----------
    settings
        Sizes, seed and dirt.

    Returns
    -------
    Stream
        Made as it is read, so that its length is not bound by memory.
    """
    catalogue = make_catalogue(settings)
    crowd = make_crowd(settings, catalogue)
    return Stream(
        items=lambda: (catalogue.record(place) for place in range(len(catalogue.items))),
        users=lambda: (user_record(user, catalogue) for user in crowd.users),
        events=lambda: _Traffic(settings, catalogue, crowd).events(),
        name=f"generated shop, seed {settings.seed}",
        size=settings.events,
    )


class _Traffic:
    """One pass over the events. What happens goes into a heap and leaves it in order of arrival."""

    def __init__(self, settings: Settings, catalogue: Catalogue, crowd: Crowd) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.crowd = crowd
        self.dice = settings.dice("events")
        self.made = 0
        self.made_by_bots = 0
        self.heap: list[tuple[int, int, RawEvent]] = []

    def events(self) -> Iterator[RawEvent]:
        """Yield exactly as many events as the settings ask for, in order of arrival."""
        settings = self.settings
        hours = range(settings.since_ms, settings.until_ms, HOUR_MS)
        busy = list(accumulate(busyness(hour) for hour in hours))
        for hour, reached in zip(hours, busy, strict=True):
            quota = settings.events if reached == busy[-1] else int(settings.events * reached / busy[-1])
            while self.made < quota:
                self._someone_comes(hour)
            while self.heap and self.heap[0][0] < hour + HOUR_MS:
                yield heappop(self.heap)[2]
        while self.heap:
            yield heappop(self.heap)[2]

    def _someone_comes(self, hour_ms: int) -> None:
        dice = self.dice
        start_ms = hour_ms + dice.randrange(HOUR_MS)
        session_id = f"session-{dice.getrandbits(64):016x}"
        # Two bursts at the least before bots are due, so that a short stream is not all bot.
        if self.made_by_bots < self.settings.bots * self.made - 100:
            before = self.made
            for draft in crawl(start_ms, dice.randrange(60, 200), self.catalogue, dice):
                self._send(draft, {"session_id": session_id}, denied=False)
            self.made_by_bots += self.made - before
            return
        user = self.crowd.draw(dice)
        progress = (start_ms - self.settings.since_ms) / (self.settings.until_ms - self.settings.since_ms)
        drafts = browse(Visit(user, start_ms, progress), self.catalogue, dice)
        denied = dice.random() < self.settings.denied
        known_from = self._known_from(len(drafts))
        for number, draft in enumerate(drafts):
            if draft.moment_ms >= self.settings.until_ms:
                # The door refuses what has not happened yet.
                continue
            who: dict[str, object] = {"session_id": session_id}
            if draft.fields["event_type"] == "Rating":
                # Ratings come by e-mail, days after the visit.
                who = {"user_id": user.user_id}
            elif number >= known_from:
                who["user_id"] = user.user_id
            self._send(draft, who, denied=denied)

    def _known_from(self, length: int) -> int:
        """Choose from which event of a visit on the user is logged in; at its length, never."""
        if self.dice.random() >= _ANONYMOUS:
            return 0
        return self.dice.randrange(1, length) if length > 1 and self.dice.random() < _LOGS_IN else length

    def _send(self, draft: Draft, who: dict[str, object], *, denied: bool) -> None:
        dice = self.dice
        settings = self.settings
        fields: dict[str, object] = {}
        if dice.random() >= _WITHOUT_ID:
            fields["event_id"] = f"{dice.getrandbits(128):032x}"
        fields |= draft.fields | who
        user = str(who.get("user_id") or who["session_id"])
        if denied:
            fields["consent"] = "denied"
            payload = as_json(fields)
            self._arrive(RawEvent(payload, user, draft.moment_ms, SUPPRESSED, _key(fields, payload)))
            return
        if dice.random() < settings.broken:
            payload, reason, is_json = break_event(fields, dice)
            self._arrive(RawEvent(payload, user, draft.moment_ms, reason, "", is_json))
            return
        payload = as_json(fields)
        is_late = dice.random() < settings.late
        arrival_ms = draft.moment_ms + (int(dice.uniform(10 / 60, 48) * HOUR_MS) if is_late else 0)
        event = RawEvent(payload, user, arrival_ms, ACCEPTED, _key(fields, payload), is_late=is_late)
        self._arrive(event)
        if dice.random() < settings.repeated:
            self._arrive(event._replace(arrival_ms=arrival_ms + dice.randrange(500, HOUR_MS)))

    def _arrive(self, event: RawEvent) -> None:
        if self.made < self.settings.events:
            self.made += 1
            heappush(self.heap, (event.arrival_ms, self.made, event))


def _key(fields: dict[str, object], payload: bytes) -> str:
    """Tell an event from all others: by its id, or by all that it says, from which the door derives an id."""
    return str(fields.get("event_id") or payload.decode())
