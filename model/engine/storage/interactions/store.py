"""Who did what in a dataset group, in memory: imported and streamed interactions, found by user.

A user is a user, or a session as long as nobody has logged in with it; when a user id comes with a session id
that was anonymous, the session's interactions become the user's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.datasets.columns import Columns, stacked
from model.engine.storage.interactions.bulk import Bulk, Numbered
from model.engine.storage.interactions.numbering import Numbering
from model.engine.storage.interactions.state import UsersState
from model.engine.storage.interactions.streamed import NOWHERE, Streamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from model.engine.storage.records import EventRecord

HISTORY_LENGTH = 100  # newest interactions of a user that are looked at
PREVIOUS_LENGTH = 10  # and of those before an event, more than any recipe learns from
NO_VALUE = float("nan")


class Users:
    """All interactions of a dataset group, with items or with actions."""

    def __init__(self) -> None:
        self._items, self._kinds = Numbering(), Numbering()
        self._user_ids: list[str] = []
        self._number_of_user: dict[str, int] = {}
        self._session_of: dict[str, int] = {}
        self._anonymous: set[int] = set()
        self._bulk: Bulk | None = None
        self._streamed = Streamed()

    @property
    def streamed_count(self) -> int:
        """How many interactions with an item were ever streamed; it never falls."""
        return self._streamed.end

    @property
    def streamed_start(self) -> int:
        """The place of the oldest streamed interaction that was not dropped."""
        return self._streamed.end - len(self._streamed.times)

    def add(self, event: EventRecord) -> int | None:
        """Take a streamed event in.

        Returns
        -------
        int or None
            Its place among the streamed interactions; None where it names no item, or repeats a streamed
            interaction. What was imported makes no difference, so that places are the same after a restart.
        """
        user = self._user_of(event.user_id, event.session_id)
        if event.item_id is None:
            return None
        item, kind = self._items.number(event.item_id), self._kinds.number(event.event_type)
        if self._has(user, item, kind, event.time):
            return None
        value = NO_VALUE if event.value is None else event.value
        return self._streamed.add(user, item, kind, event.time, value, event.context)

    def history(self, user_id: str) -> list[str]:
        """Return a user's items, newest first.

        Parameters
        ----------
        user_id : str
            A user id, or the session id of somebody unknown. An imported user who has the name of an anonymous
            session is that session: a data set has no other way to name it.
        """
        return self._newest([(user, self._streamed.last(user)) for user in self._known_as(user_id)])

    def recent(self, user_id: str) -> dict[str, list[str]]:
        """Return the newest 100 items of each event type, as filters look at them.

        Parameters
        ----------
        user_id : str
            As for `history`.

        Returns
        -------
        dict of lists of item ids, newest first
            By event type in lower case.
        """
        moments: dict[str, list[tuple[int, int]]] = {}
        for user in self._known_as(user_id):
            for kind, several in self._newest_by_kind(user):
                moments.setdefault(self._kinds.names[kind].lower(), []).extend(several)
        # A bulk file may hold what was streamed as well: the same interaction counts once.
        newest = {name: sorted(set(several), reverse=True)[:HISTORY_LENGTH] for name, several in moments.items()}
        return {name: [self._items.names[item] for _, item in several] for name, several in newest.items()}

    def doers(self, is_asked: Callable[[str], bool]) -> list[str]:
        """Return the ids of all who have had an interaction of some event types.

        Parameters
        ----------
        is_asked : callable
            Whether an event type, in lower case, is one of them.
        """
        kinds = [number for number, name in enumerate(self._kinds.names) if is_asked(name.lower())]
        streamed = self._streamed
        found = [np.array(streamed.users, np.int32)[np.isin(np.array(streamed.kinds, np.int16), kinds)]]
        if self._bulk is not None:
            found.append(self._bulk.users()[np.isin(self._bulk.kinds, kinds)])
        return [self._user_ids[user] for user in np.unique(np.concatenate(found)).tolist() if user != NOWHERE]

    def before(self, place: int) -> tuple[str, int, list[str], bool]:
        """Return a streamed interaction with what its user had done before.

        Returns
        -------
        item id, epoch seconds, the 10 items before it (newest first), whether the item is new to the user
        """
        streamed, index = self._streamed, self._streamed.index(place)
        user, item = streamed.users[index], streamed.items[index]
        if user == NOWHERE:  # forgotten: no item has this id, so nobody learns anything from it
            return "", 0, [], False
        earlier = streamed.previous(index)
        touched = item in streamed.items_from(earlier, HISTORY_LENGTH) or self._bulk_has_item(user, item)
        previous = self._newest([(user, earlier)], streamed.times[index], PREVIOUS_LENGTH)
        return self._items.names[item], streamed.times[index], previous, not touched

    def whose(self, place: int) -> tuple[str, str]:
        """Return whose a streamed interaction is, and its event type.

        Returns
        -------
        user id, event type in lower case
            Both empty where the user was forgotten.
        """
        index = self._streamed.index(place)
        user = self._streamed.users[index]
        if user == NOWHERE:
            return "", ""
        return self._user_ids[user], self._kinds.names[self._streamed.kinds[index]].lower()

    def number_users(self, user_ids: Iterable[str]) -> list[int]:
        """Return the numbers of users who are users; whoever has none gets one."""
        return [self._number_user(one) for one in user_ids]

    def number_items(self, item_ids: Iterable[str]) -> list[int]:
        """Return the numbers of items; one that has none gets one."""
        return [self._items.number(one) for one in item_ids]

    def numbered(self, source: Columns, users: list[int], items: list[int]) -> Numbered:
        """Give imported interactions the numbers that users, items and event types have here.

        Parameters
        ----------
        users, items : list of int
            The numbers of its users and items.
        """
        kinds = np.array([self._kinds.number(one) for one in source.event_types], np.int16)
        numbers = (np.array(users, np.int32), np.array(items, np.int32), kinds)
        return Numbered(source, *numbers, len(self._user_ids))

    def set_bulk(self, bulk: Bulk | None) -> None:
        """Replace the imported interactions.

        Parameters
        ----------
        bulk : Bulk or None
            None where there are none any more.
        """
        self._bulk = bulk

    def drop_streamed(self) -> None:
        """Forget what was streamed; places go on counting."""
        self._streamed = Streamed(self._streamed.end)

    def knows(self, user_id: str) -> bool:
        """Tell whether there are interactions of a user."""
        return user_id in self._number_of_user

    def skip(self) -> None:
        """Leave a place empty: of a streamed interaction that was deleted."""
        self._streamed.skip()

    def forget(self, user_ids: Sequence[str]) -> int:
        """Forget all that users did, imported and streamed, and their ids.

        Returns
        -------
        int
            How many streamed interactions were forgotten; their places stay taken.
        """
        users = [self._number_of_user.pop(one) for one in user_ids if one in self._number_of_user]
        gone = set(users)
        for user in users:
            self._user_ids[user] = ""
        for session in [session for session, user in self._session_of.items() if user in gone]:
            del self._session_of[session]
        if self._bulk is not None and users:
            self._bulk = self._bulk.without(np.array(users, np.int32))
        return sum(self._streamed.forget(user) for user in users)

    def taken(self) -> UsersState:
        """Return copies of all that is held of streamed interactions, for a checkpoint."""
        names = (list(self._items.names), list(self._kinds.names), list(self._user_ids))
        sessions = (list(self._number_of_user.values()), dict(self._session_of), set(self._anonymous))
        return UsersState(*names, *sessions, *self._streamed.taken())

    def restore(self, state: UsersState) -> None:
        """Hold what `taken` was taken of, before anything else is held."""
        self._items, self._kinds, self._user_ids = Numbering(state.items), Numbering(state.kinds), state.user_ids
        self._number_of_user = {state.user_ids[number]: number for number in state.users}
        self._session_of, self._anonymous = state.session_of, state.anonymous
        self._streamed = Streamed.restored(state.base, state.columns, state.context)

    def snapshot(self) -> Callable[[], Columns]:
        """Take every interaction as they are now, imported ones first, for a training.

        Returns
        -------
        callable
            Makes the columns; takes long where there are many, and may run in a thread.
        """
        names = (list(self._user_ids), list(self._items.names), list(self._kinds.names))
        bulk, arrays, context = self._bulk, self._streamed.columns(), self._streamed.context()

        def columns() -> Columns:
            streamed = Columns(*names, **arrays, context=context)  # type: ignore[arg-type]  # arrays by name
            if (arrays["users"] == NOWHERE).any():
                streamed = streamed.where(streamed.users != NOWHERE)
            if bulk is None:
                return streamed
            imported = Columns(*names, bulk.users(), bulk.items, bulk.kinds, bulk.times, bulk.values, bulk.context)
            return stacked(imported, streamed)

        return columns

    def _known_as(self, user_id: str) -> list[int]:
        user, session = self._number_of_user.get(user_id), self._session_of.get(user_id)
        users = [] if user is None else [user]
        if session is not None and (user is None or session in self._anonymous):
            users.append(session)
        return users

    def _user_of(self, user_id: str | None, session_id: str) -> int:
        known = self._session_of.get(session_id)
        if user_id is None:
            if known is None:
                known = self._session_of[session_id] = self._new_user(session_id)
                self._anonymous.add(known)
            return known
        user = self._number_user(user_id)
        if known is not None and known in self._anonymous:
            # The interactions of an anonymous session become those of the user.
            self._anonymous.discard(known)
            self._streamed.give(known, user)
        self._session_of[session_id] = user
        return user

    def _newest(
        self, chains: Sequence[tuple[int, int]], until: int | None = None, most: int = HISTORY_LENGTH
    ) -> list[str]:
        """Return the items of users' newest interactions, none after `until`.

        A chain is a user and the index of the latest streamed interaction that counts.
        """
        if len(chains) == 1:
            in_order = self._in_order(*chains[0], until, most)
            if in_order is not None:
                return in_order
        moments = [moment for user, latest in chains for moment in self._moments(user, latest)]
        # A bulk file may hold what was streamed as well: the same interaction counts once.
        once = {(time, item, kind): (time, index, item) for time, index, item, kind in reversed(moments)}
        newest = sorted(once.values(), reverse=True)[:HISTORY_LENGTH]
        return [self._items.names[item] for time, _, item in newest if until is None or time <= until][:most]

    def _in_order(self, user: int, latest: int, until: int | None, most: int) -> list[str] | None:
        """Return what `_newest` does where events came in the order of their times, which is most often so; else None.

        Then nothing has to be sorted, nor to be compared with what was imported.
        """
        found, oldest = self._streamed.in_order(latest, most, until)
        if found is None:
            return None
        if self._bulk is not None and len(found) < most:
            mine = self._bulk.of(user)
            begin = max(mine.start, mine.stop - (most - len(found)))
            times = self._bulk.times[begin : mine.stop]
            if times.size:
                newest = int(times[-1])
                if newest >= oldest or (until is not None and newest > until):
                    return None
                found += self._bulk.items[begin : mine.stop][::-1].tolist()
        names = self._items.names
        return [names[item] for item in found]

    def _moments(self, user: int, latest: int) -> list[tuple[int, int, int, int]]:
        """Return time, index, item and kind of a user's newest interactions; imported ones have the index -1."""
        moments: list[tuple[int, int, int, int]] = []
        if self._bulk is not None:
            mine = self._bulk.of(user)
            begin = max(mine.start, mine.stop - HISTORY_LENGTH)
            times = self._bulk.times[begin : mine.stop].tolist()
            items = self._bulk.items[begin : mine.stop].tolist()
            kinds = self._bulk.kinds[begin : mine.stop].tolist()
            moments = [(time, NOWHERE, item, kind) for time, item, kind in zip(times, items, kinds, strict=True)]
        streamed = self._streamed
        return moments + [
            (streamed.times[index], index, streamed.items[index], streamed.kinds[index])
            for index in reversed(list(streamed.walk(latest, HISTORY_LENGTH)))
        ]

    def _newest_by_kind(self, user: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Yield the kinds of a user's interactions with time and item of the newest ones."""
        if self._bulk is not None:
            mine = self._bulk.of(user)
            kinds = self._bulk.kinds[mine]
            for kind in set(kinds.tolist()):
                places = mine.start + np.flatnonzero(kinds == kind)[-HISTORY_LENGTH:]
                times, items = self._bulk.times[places].tolist(), self._bulk.items[places].tolist()
                yield kind, list(zip(times, items, strict=True))
        latest = self._streamed.last(user)
        yield from self._streamed.by_kind(latest, len(self._kinds), HISTORY_LENGTH).items()

    def _has(self, user: int, item: int, kind: int, time: int) -> bool:
        """Tell whether a user's newest streamed interactions hold this one already."""
        return self._streamed.has(user, item, kind, time, HISTORY_LENGTH)

    def _bulk_has_item(self, user: int, item: int) -> bool:
        return self._bulk is not None and bool((self._bulk.items[self._bulk.of(user)] == item).any())

    def _number_user(self, user_id: str) -> int:
        known = self._number_of_user.get(user_id)
        if known is None:
            known = self._number_of_user[user_id] = self._new_user(user_id)
        return known

    def _new_user(self, user_id: str) -> int:
        self._user_ids.append(user_id)
        return len(self._user_ids) - 1
