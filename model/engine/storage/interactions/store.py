"""The interactions of a dataset group in memory: imported and streamed ones, by user.

Users and sessions share one numbering. The rule of identity (`backend/contract/rules/identity.py`) is applied in order
of arrival: when an event names both a user and an anonymous session, the interactions of the session become the user's,
the imported ones as well.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.datasets.columns import Columns, append_columns
from model.datasets.identity.session_users import SESSION_PREFIX
from model.engine.storage.interactions.imported import ImportedInteractions, NumberedImport
from model.engine.storage.interactions.numbering import Numbering
from model.engine.storage.interactions.state import InteractionState
from model.engine.storage.interactions.streamed import NOWHERE, StreamedInteractions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from model.engine.storage.event_log.records import EventRecord

HISTORY_LENGTH = 100  # latest interactions of a user that are considered
ARRIVALS = (
    1_000  # latest arrivals of a user among which an answer finds the newest: late ones must not push newer ones out
)
PREVIOUS_LENGTH = 10  # and of those before an event, more than any recipe learns from
NO_VALUE = float("nan")
_NONE = np.empty(0, np.int32)


class StreamedInteraction(NamedTuple):
    """A streamed interaction with the earlier interactions of its user.

    Attributes
    ----------
    item_id, user_id : str
        Empty if it was erased.
    time : int
        Epoch seconds.
    previous : list of str
        The items of the user's latest 10 interactions before it, latest first: of those that had been imported or had
        arrived before it, and of its time at most.
    is_new : bool
        Whether the item is new to the user.
    event_type : str
        In lower case.
    """

    item_id: str
    time: int
    previous: list[str]
    is_new: bool
    user_id: str
    event_type: str


ERASED = StreamedInteraction("", 0, [], False, "", "")


class InteractionStore:
    """All interactions of a dataset group, with items or with actions."""

    def __init__(self) -> None:
        self._items, self._kinds = Numbering(), Numbering()
        self._user_ids: list[str] = []
        self._number_of_user: dict[str, int] = {}
        self._session_of: dict[str, int] = {}
        self._anonymous: set[int] = set()
        self._first_of: dict[str, int] = {}  # the first user of each session that several users were identified in
        self._moved: dict[int, int] = {}  # the user of each imported user that is a session
        self._moved_to: dict[int, list[int]] = {}  # the same by user
        self._imported: ImportedInteractions | None = None
        self._streamed = StreamedInteractions()

    @property
    def streamed_count(self) -> int:
        """Interactions with an item that were ever streamed; it never falls."""
        return self._streamed.end

    @property
    def streamed_start(self) -> int:
        """The position of the oldest streamed interaction that was not dropped."""
        return self._streamed.end - len(self._streamed.times)

    def add(self, event: EventRecord) -> int | None:
        """Add a streamed event.

        Returns
        -------
        int or None
            Its position among the streamed interactions; None if it names no item, or repeats a streamed interaction.
            Imported interactions make no difference, so that positions are the same after a restart.
        """
        user = self._resolve(event.user_id, event.session_id)
        if event.item_id is None:
            return None
        item, kind = self._items.number(event.item_id), self._kinds.number(event.event_type)
        time = event.counted_time
        if self._streamed.contains(user, item, kind, time, HISTORY_LENGTH):
            return None
        value = NO_VALUE if event.value is None else event.value
        return self._streamed.add(user, item, kind, time, value, event.context)

    def history(self, user_id: str) -> list[str]:
        """Return a user's latest 100 items, latest first.

        Parameters
        ----------
        user_id : str
            A user id, or the id of a session before its log-in. An imported user with the id of a session is that
            session: imported data have no other way to name it.
        """
        chains = [(user, self._streamed.last(user)) for user in self._numbers_of(user_id)]
        if len(chains) == 1:
            in_order = self._in_order(*chains[0], float("inf"), HISTORY_LENGTH)
            if in_order is not None:
                return in_order
        return self._by_time(chains, float("inf"), HISTORY_LENGTH, ARRIVALS)

    def seen(self, user_id: str) -> NDArray[np.int32]:
        """Return the numbers of all items that a user has interacted with, however long ago; see `history`.

        Returns
        -------
        int32 array of shape (n,)
            In any order; an item may occur twice. See `item_names`.
        """
        imported = self._imported
        parts = [self._streamed.all_items_of(user) for user in self._numbers_of(user_id)]
        if imported is not None:
            parts += [imported.items[imported.range_of(user)] for user in self._numbers_of(user_id)]
        return np.concatenate(parts) if parts else np.empty(0, np.int32)

    @property
    def item_names(self) -> Sequence[str]:
        """The ids of all items by number, which never change; new ones are appended."""
        return self._items.names

    def item_number(self, item_id: str) -> int | None:
        """Return the number of an item; None if there are no interactions with it."""
        return self._items.find(item_id)

    @property
    def event_type_count(self) -> int:
        """How many different event types the interactions have, or had."""
        return len(self._kinds)

    def has_event_type(self, event_type: str) -> bool:
        """Return whether there are, or were, interactions of an event type."""
        return self._kinds.find(event_type) is not None

    def items_by_event_type(self, user_id: str) -> dict[str, set[str]]:
        """Return all items of a user's interactions, by event type in lower case; see `history` for `user_id`."""
        found: dict[str, set[str]] = {}
        names = self._items.names
        for user in self._numbers_of(user_id):
            for kind, items in self._items_by_kind(user):
                found.setdefault(self._kinds.names[kind].lower(), set()).update(names[item] for item in items)
        return found

    def users_with(self, matches: Callable[[str], bool]) -> list[str]:
        """Return the ids of all users with an interaction whose event type, in lower case, matches."""
        kinds = [number for number, name in enumerate(self._kinds.names) if matches(name.lower())]
        streamed = self._streamed
        users = [np.array(streamed.users, np.int32)[np.isin(np.array(streamed.kinds, np.int16), kinds)]]
        if self._imported is not None:
            users.append(self._imported.users()[np.isin(self._imported.kinds, kinds)])
        found = (self._moved.get(user, user) for user in np.unique(np.concatenate(users)).tolist() if user != NOWHERE)
        return list(dict.fromkeys(self._user_ids[user] for user in found))

    def with_histories(self, positions: Iterable[int]) -> Iterator[StreamedInteraction]:
        """Yield streamed interactions with the earlier interactions of their users.

        What several of one user in a row have in common, such as those of one PutEvents, is computed once.
        """
        streamed, names = self._streamed, self._items.names
        user = last = NOWHERE
        moved: Sequence[int] = ()
        seen: deque[int] = deque()
        imported: list[NDArray[np.int32]] = []
        recent: list[str] | None = None
        for position in positions:
            index = streamed.index(position)
            if streamed.users[index] == NOWHERE:
                yield ERASED
                continue
            item, time, earlier = streamed.items[index], streamed.times[index], streamed.previous(index)
            if earlier != last or last == NOWHERE:
                user, recent = streamed.users[index], None
                moved = self._moved_to.get(user, ())
                seen = deque(streamed.items_from(earlier, HISTORY_LENGTH), HISTORY_LENGTH)
                imported = [self._imported_items(number) for number in (user, *moved)]
            if moved or index <= streamed.latest_late(user):
                recent = None
            elif recent is None:
                recent = self._in_order(user, earlier, time, PREVIOUS_LENGTH)
            previous = recent
            if previous is None:
                chains = [(user, earlier), *((number, NOWHERE) for number in moved)]
                previous = self._by_time(chains, time, PREVIOUS_LENGTH, HISTORY_LENGTH)
            is_new = item not in seen and not any(np.count_nonzero(items == item) for items in imported)
            kind = self._kinds.names[streamed.kinds[index]].lower()
            yield StreamedInteraction(names[item], time, previous, is_new, self._user_ids[user], kind)
            seen.appendleft(item)
            # A repetition may be the same interaction twice, of a user and of a session that became the user's.
            if recent is not None:
                recent = None if names[item] in recent else [names[item], *recent[: PREVIOUS_LENGTH - 1]]
            last = index

    def number_users(self, user_ids: Iterable[str]) -> list[int]:
        """Return the numbers of imported users; a new user gets the next number."""
        numbers = []
        for user_id in user_ids:
            numbers.append(self._number_user(user_id))
            user = self._session_of.get(user_id)
            if user is not None and user not in self._anonymous:
                self._move_import(user_id, self._first_of.get(user_id, user))
        return numbers

    def number_items(self, item_ids: Iterable[str]) -> list[int]:
        """Return the numbers of items; a new item gets the next number."""
        return [self._items.number(item_id) for item_id in item_ids]

    def number_import(self, source: Columns, users: list[int], items: list[int]) -> NumberedImport:
        """Give imported interactions the numbers of their users, items and event types.

        Parameters
        ----------
        users, items : list of int
            From `number_users` and `number_items`, for the ids of the source.
        """
        kinds = np.array([self._kinds.number(event_type) for event_type in source.event_types], np.int16)
        numbers = (np.array(users, np.int32), np.array(items, np.int32), kinds)
        return NumberedImport(source, *numbers, len(self._user_ids))

    def set_imported(self, imported: ImportedInteractions | None) -> None:
        """Replace the imported interactions; None if there are none any more."""
        self._imported = imported
        # Sessions that the next data sets give to their users, as Spark does, are no users of an import any more.
        moved, self._moved, self._moved_to = self._moved, {}, {}
        for number, user in moved.items():
            if imported is not None and imported.range_of(number).stop > imported.range_of(number).start:
                self._set_moved(number, user)

    def drop_streamed(self) -> None:
        """Drop the streamed interactions; later ones continue the numbering of positions."""
        self._streamed = StreamedInteractions(self._streamed.end)

    def has_user(self, user_id: str) -> bool:
        """Return whether there are interactions of a user."""
        return user_id in self._number_of_user

    def skip_position(self) -> None:
        """Leave the next position empty, for a streamed interaction that was erased."""
        self._streamed.skip_position()

    def erase(self, user_ids: Sequence[str]) -> int:
        """Erase users and their interactions; return how many were streamed, whose positions stay occupied."""
        users = [self._number_of_user.pop(user_id) for user_id in user_ids if user_id in self._number_of_user]
        erased = set(users)
        for user in users:
            self._user_ids[user] = ""
        for session in [session for session, user in self._session_of.items() if user in erased]:
            del self._session_of[session]
            if self._first_of.get(session) not in {None, *erased}:
                self._session_of[session] = self._first_of.pop(session)
        for session in [session for session, user in self._first_of.items() if user in erased]:
            del self._first_of[session]
        for number in [number for number, user in self._moved.items() if {number, user} & erased]:
            del self._moved[number]
        for user in users:
            self._moved_to.pop(user, None)
        if self._imported is not None and users:
            self._imported = self._imported.without(np.array(users, np.int32))
        return sum(self._streamed.erase(user) for user in users)

    def erase_at(self, positions: Iterable[int]) -> None:
        """Erase streamed interactions, whose positions stay occupied."""
        for position in positions:
            index = self._streamed.index(position)
            if index >= 0:
                self._streamed.erase_at(index)

    def sessions_of(self, user_ids: Collection[str]) -> set[str]:
        """Return the sessions whose first user is one of some users, of those that an import can name."""
        numbers = {self._number_of_user.get(user_id) for user_id in user_ids}
        sessions = (session for session in self._session_of if session.startswith(SESSION_PREFIX))
        return {session for session in sessions if self._first_of.get(session, self._session_of[session]) in numbers}

    @property
    def has_shared_sessions(self) -> bool:
        """Whether several users were identified in a session, so that the order of events decides."""
        return bool(self._first_of)

    def copy_state(self) -> InteractionState:
        """Return copies of everything but the imported interactions, for a checkpoint."""
        names = (list(self._items.names), list(self._kinds.names), list(self._user_ids))
        sessions = (list(self._number_of_user.values()), dict(self._session_of), dict(self._first_of))
        return InteractionState(*names, *sessions, set(self._anonymous), *self._streamed.copy_state())

    def restore(self, state: InteractionState) -> None:
        """Restore a state into an empty store."""
        self._items, self._kinds, self._user_ids = Numbering(state.items), Numbering(state.kinds), state.user_ids
        self._number_of_user = {state.user_ids[number]: number for number in state.users}
        self._session_of, self._first_of, self._anonymous = state.session_of, state.first_of, state.anonymous
        self._streamed = StreamedInteractions.restore(state.base, state.columns, state.context)

    def snapshot(self) -> Callable[[], Columns]:
        """Copy all interactions for a training; the returned function, slow for many, may run in a thread."""
        copy_imported, moved, anonymous = self.snapshot_imported(), dict(self._moved), list(self._anonymous)
        names = (list(self._user_ids), list(self._items.names), list(self._kinds.names))
        streamed = self._streamed.to_columns(*names)

        def columns() -> Columns:
            imported, remaining = copy_imported(), streamed
            if (streamed.users == NOWHERE).any():
                remaining = streamed.where(streamed.users != NOWHERE)
            if not imported.times.size:
                return remaining
            number_of = {names[0][session]: session for session in anonymous}
            owners = np.array([number_of.get(name, number) for number, name in enumerate(names[0])], np.int32)
            owners[list(moved)] = list(moved.values())
            return append_columns(replace(imported, users=owners[imported.users]), remaining)

        return columns

    def snapshot_imported(self) -> Callable[[], Columns]:
        """Copy the imported interactions, with the users that the import names; see `snapshot`."""
        names = (list(self._user_ids), list(self._items.names), list(self._kinds.names))
        imported = self._imported

        def columns() -> Columns:
            if imported is None:
                return StreamedInteractions().to_columns(*names)
            return Columns(
                *names,
                imported.users(),
                imported.items,
                imported.kinds,
                imported.times,
                imported.values,
                imported.context,
            )

        return columns

    def _numbers_of(self, user_id: str) -> list[int]:
        user, session = self._number_of_user.get(user_id), self._session_of.get(user_id)
        users = [] if user is None or user in self._moved else [user, *self._moved_to.get(user, ())]
        # After the log-in the id of the session stands for nothing: who knows it, or sent an event with it and the id
        # of any user, must not read that user's list.
        return [*users, session] if session is not None and session in self._anonymous else users

    def _resolve(self, user_id: str | None, session_id: str) -> int:
        known = self._session_of.get(session_id)
        if user_id is None:
            if known is None:
                known = self._session_of[session_id] = self._new_user(session_id)
                self._anonymous.add(known)
            return known
        user = self._number_user(user_id)
        if known != user:
            self._session_of[session_id] = user
            if known is None or known in self._anonymous:
                self._identify(session_id, known, user)
            else:
                self._first_of.setdefault(session_id, known)
        return user

    def _identify(self, session_id: str, anonymous: int | None, user: int) -> None:
        """Move the interactions of a session to the user who was identified first in it."""
        if anonymous is not None:
            self._anonymous.discard(anonymous)
            self._streamed.merge(anonymous, user)
        if session_id in self._number_of_user:
            self._move_import(session_id, user)

    def _move_import(self, session_id: str, user: int) -> None:
        """Give what was imported under the id of a session to a user, where the id has the form of the data sets."""
        number = self._number_of_user[session_id]
        if session_id.startswith(SESSION_PREFIX) and number != user and number not in self._moved:
            self._set_moved(number, user)

    def _set_moved(self, number: int, user: int) -> None:
        self._moved[number] = user
        self._moved_to.setdefault(user, []).append(number)

    def _in_order(self, user: int, latest: int, until: float, most: int) -> list[str] | None:
        """Return the result of `_by_time` for one chain if order of arrival is order of time, as mostly; else None.

        Then nothing has to be sorted. None is also returned where an item occurs twice in one second, since an
        interaction counts once. No streamed interaction of the chain may be newer than `until`.
        """
        found = self._streamed.in_order(user, latest, most)
        if found is None:
            return None
        items, times = found
        if self._imported is not None:
            rows = self._imported.range_of(user)
            oldest = min([until, *times[-1:]])
            if rows.start < rows.stop and self._imported.times[rows.stop - 1] >= oldest:
                return None
            chosen = slice(max(rows.start, rows.stop - (most - len(items))), rows.stop)
            items += self._imported.items[chosen][::-1].tolist()
            times += self._imported.times[chosen][::-1].tolist()
        if len(set(zip(times, items, strict=True))) < len(items):
            return None
        names = self._items.names
        return [names[item] for item in items]

    def _by_time(self, chains: Sequence[tuple[int, int]], until: float, most: int, arrivals: int) -> list[str]:
        """Return the items of users' latest interactions, latest first, none after `until`.

        A chain is a user and the index of the latest streamed interaction that counts. Of a chain, the latest
        `arrivals` and all imported interactions are considered. Of interactions of the same second, imported ones are
        older, in the order of their file.
        """
        moments = [moment for user, latest in chains for moment in self._moments(user, latest, until, most, arrivals)]
        moments.sort(reverse=True)
        # An import may contain streamed interactions: the same interaction counts once.
        once = dict.fromkeys((time, item, kind) for time, _, item, kind in moments)
        names = self._items.names
        return [names[item] for _, item, _ in islice(once, most)]

    def _moments(
        self, user: int, latest: int, until: float, most: int, arrivals: int
    ) -> list[tuple[int, int, int, int]]:
        """Return time, place, item and kind of a chain's interactions; the places of imported ones are negative."""
        moments: list[tuple[int, int, int, int]] = []
        imported, streamed = self._imported, self._streamed
        if imported is not None:
            rows = imported.range_of(user)
            stop = rows.start + int(np.searchsorted(imported.times[rows], until, "right"))
            chosen = slice(max(rows.start, stop - most), stop)
            places = range(chosen.start - imported.times.size, chosen.stop - imported.times.size)
            columns = (imported.times[chosen], imported.items[chosen], imported.kinds[chosen])
            times, items, kinds = (column.tolist() for column in columns)
            moments = list(zip(times, places, items, kinds, strict=True))
        return moments + [
            (time, index, streamed.items[index], streamed.kinds[index])
            for index in streamed.walk(latest, arrivals)
            if (time := streamed.times[index]) <= until
        ]

    def _items_by_kind(self, user: int) -> Iterator[tuple[int, Iterable[int]]]:
        """Yield each kind of a user's interactions with their items; the imported and the streamed ones apart."""
        if self._imported is not None:
            rows = self._imported.range_of(user)
            kinds, items = self._imported.kinds[rows], self._imported.items[rows]
            for kind in set(kinds.tolist()):
                yield kind, items[kinds == kind].tolist()
        yield from self._streamed.items_by_kind(user).items()

    def _imported_items(self, user: int) -> NDArray[np.int32]:
        return _NONE if self._imported is None else self._imported.items[self._imported.range_of(user)]

    def _number_user(self, user_id: str) -> int:
        known = self._number_of_user.get(user_id)
        if known is None:
            known = self._number_of_user[user_id] = self._new_user(user_id)
        return known

    def _new_user(self, user_id: str) -> int:
        self._user_ids.append(user_id)
        return len(self._user_ids) - 1
