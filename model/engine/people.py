"""Who did what in a dataset group, in memory: imported and streamed interactions, found by person.

A person is a user, or a session as long as nobody has logged in with it; when a user id comes with a session id
that was anonymous, the session's interactions become the user's.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.engine.columns import Columns, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from model.engine.records import EventRecord

HISTORY_LENGTH = 100  # newest interactions of a person that are looked at


@dataclass(frozen=True)
class Bulk:
    """Imported interactions, sorted by person and time."""

    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    kinds: NDArray[np.int16]
    times: NDArray[np.int64]
    source: Columns

    def of(self, person: int) -> slice:
        """Return where a person's interactions lie."""
        if person + 1 >= self.starts.size:
            return slice(0, 0)
        return slice(int(self.starts[person]), int(self.starts[person + 1]))


@dataclass(frozen=True)
class Numbered:
    """Imported interactions with the group's own numbers, in the order of the files."""

    persons: NDArray[np.int32]
    items: NDArray[np.int32]
    kinds: NDArray[np.int16]
    source: Columns
    person_count: int

    def sorted(self) -> Bulk:
        """Sort by person and time; takes long where there are many, and may run in a thread."""
        order = np.lexsort((self.source.times, self.persons))
        starts = np.searchsorted(self.persons[order], np.arange(self.person_count + 1)).astype(np.int64)
        return Bulk(starts, self.items[order], self.kinds[order], self.source.times[order], self.source)


class People:
    """All interactions of a dataset group."""

    def __init__(self) -> None:
        self._item_of: dict[str, int] = {}
        self._kind_of: dict[str, int] = {}
        self._items: list[str] = []
        self._person_ids: list[str] = []
        self._user_of: dict[str, int] = {}
        self._session_of: dict[str, int] = {}
        self._anonymous: set[int] = set()
        self._bulk: Bulk | None = None
        self._clear_streamed()

    @property
    def streamed_count(self) -> int:
        """How many streamed interactions with an item there are."""
        return len(self._times)

    def add(self, event: EventRecord) -> int | None:
        """Take a streamed event in.

        Parameters
        ----------
        event : EventRecord

        Returns
        -------
        int or None
            Its place among the streamed interactions; None where it names no item, or repeats an interaction.
        """
        person = self._person_of(event.user_id, event.session_id)
        if event.item_id is None:
            return None
        item, kind = self._number_item(event.item_id), self._number_kind(event.event_type)
        if self._has(person, item, kind, event.time):
            return None
        place = len(self._times)
        self._persons.append(person)
        self._streamed_items.append(item)
        self._kinds.append(kind)
        self._times.append(event.time)
        self._values.append(float("nan") if event.value is None else event.value)
        self._places.setdefault(person, array("I")).append(place)
        return place

    def history(self, person_id: str) -> list[str]:
        """Return a person's items, newest first.

        Parameters
        ----------
        person_id : str
            A user id, or the session id of somebody unknown. An imported user who has the name of an anonymous
            session is that session: a data set has no other way to name it.

        Returns
        -------
        list of str
        """
        user, session = self._user_of.get(person_id), self._session_of.get(person_id)
        persons = [] if user is None else [user]
        if session is not None and (user is None or session in self._anonymous):
            persons.append(session)
        return self._newest(persons, len(self._times))

    def before(self, place: int) -> tuple[str, int, list[str], bool]:
        """Return a streamed interaction with what its person had done before.

        Parameters
        ----------
        place : int

        Returns
        -------
        item id, epoch seconds, items before it (newest first), whether the item is new to the person
        """
        person, item = self._persons[place], self._streamed_items[place]
        touched = any(self._streamed_items[other] == item for other in self._latest_places(person, place))
        touched = touched or self._bulk_has_item(person, item)
        previous = self._newest([person], place, self._times[place])
        return self._items[item], self._times[place], previous, not touched

    def number(self, source: Columns) -> Numbered:
        """Give imported interactions the numbers that persons, items and event types have here.

        Parameters
        ----------
        source : Columns

        Returns
        -------
        Numbered
        """
        persons = np.array([self._number_user(one) for one in source.user_ids], np.int32)[source.users]
        items = np.array([self._number_item(one) for one in source.item_ids], np.int32)[source.items]
        kinds = np.array([self._number_kind(one) for one in source.event_types], np.int16)[source.kinds]
        return Numbered(persons, items, kinds, source, len(self._person_ids))

    def set_bulk(self, bulk: Bulk | None) -> None:
        """Replace the imported interactions.

        Parameters
        ----------
        bulk : Bulk or None
            None where there are none any more.
        """
        self._bulk = bulk

    def drop_streamed(self) -> None:
        """Forget what was streamed."""
        self._clear_streamed()

    def snapshot(self) -> Columns:
        """Return every interaction, imported ones first, for a training.

        Returns
        -------
        Columns
        """
        streamed = Columns(
            list(self._person_ids),
            list(self._items),
            list(self._kind_of),
            np.array(self._persons, np.int32),
            np.array(self._streamed_items, np.int32),
            np.array(self._kinds, np.int16),
            np.array(self._times, np.int64),
            np.array(self._values, np.float32),
        )
        return joined([self._bulk.source, streamed]) if self._bulk else streamed

    def _clear_streamed(self) -> None:
        self._persons, self._streamed_items, self._kinds = array("i"), array("i"), array("h")
        self._times, self._values = array("q"), array("f")
        self._places: dict[int, array[int]] = {}

    def _person_of(self, user_id: str | None, session_id: str) -> int:
        known = self._session_of.get(session_id)
        if user_id is None:
            if known is None:
                known = self._session_of[session_id] = self._new_person(session_id)
                self._anonymous.add(known)
            return known
        person = self._number_user(user_id)
        if known is not None and known in self._anonymous:
            self._give(known, person)
        self._session_of[session_id] = person
        return person

    def _give(self, anonymous: int, person: int) -> None:
        """Make the interactions of an anonymous session those of a user."""
        self._anonymous.discard(anonymous)
        given = self._places.pop(anonymous, None)
        if given is None:
            return
        for place in given:
            self._persons[place] = person
        merged = sorted([*self._places.get(person, ()), *given])
        self._places[person] = array("I", merged)

    def _newest(self, persons: Sequence[int], end: int, until: int | None = None) -> list[str]:
        """Return the items of persons' newest interactions among the first `end` streamed, none after `until`."""
        moments = [moment for person in persons for moment in self._moments(person, end)]
        # A bulk file may hold what was streamed as well: the same interaction counts once.
        once = {(time, item, kind): (time, place, item) for time, place, item, kind in reversed(moments)}
        newest = sorted(once.values(), reverse=True)[:HISTORY_LENGTH]
        return [self._items[item] for time, _, item in newest if until is None or time <= until]

    def _moments(self, person: int, end: int) -> list[tuple[int, int, int, int]]:
        """Return time, place, item and kind of a person's newest interactions; imported ones have the place -1."""
        moments: list[tuple[int, int, int, int]] = []
        if self._bulk is not None:
            mine = self._bulk.of(person)
            begin = max(mine.start, mine.stop - HISTORY_LENGTH)
            times = self._bulk.times[begin : mine.stop].tolist()
            items = self._bulk.items[begin : mine.stop].tolist()
            kinds = self._bulk.kinds[begin : mine.stop].tolist()
            moments = [(time, -1, item, kind) for time, item, kind in zip(times, items, kinds, strict=True)]
        return moments + [
            (self._times[place], place, self._streamed_items[place], self._kinds[place])
            for place in self._latest_places(person, end)
        ]

    def _has(self, person: int, item: int, kind: int, time: int) -> bool:
        """Tell whether a person's newest interactions hold this one already."""
        for place in self._latest_places(person, len(self._times)):
            if self._times[place] == time and self._streamed_items[place] == item and self._kinds[place] == kind:
                return True
        if self._bulk is None:
            return False
        mine = self._bulk.of(person)
        begin = mine.start + int(np.searchsorted(self._bulk.times[mine], time))
        for place in range(begin, mine.stop):
            if self._bulk.times[place] != time:
                return False
            if self._bulk.items[place] == item and self._bulk.kinds[place] == kind:
                return True
        return False

    def _bulk_has_item(self, person: int, item: int) -> bool:
        return self._bulk is not None and bool((self._bulk.items[self._bulk.of(person)] == item).any())

    def _latest_places(self, person: int, end: int) -> Sequence[int]:
        """Return the places of a person's latest arrivals among the first `end` streamed interactions."""
        places = self._places.get(person)
        if places is None:
            return ()
        stop = bisect_left(places, end)
        return places[max(0, stop - HISTORY_LENGTH) : stop]

    def _number_user(self, user_id: str) -> int:
        known = self._user_of.get(user_id)
        if known is None:
            known = self._user_of[user_id] = self._new_person(user_id)
        return known

    def _new_person(self, person_id: str) -> int:
        self._person_ids.append(person_id)
        return len(self._person_ids) - 1

    def _number_item(self, item_id: str) -> int:
        known = self._item_of.get(item_id)
        if known is None:
            known = self._item_of[item_id] = len(self._items)
            self._items.append(item_id)
        return known

    def _number_kind(self, event_type: str) -> int:
        return self._kind_of.setdefault(event_type, len(self._kind_of))
