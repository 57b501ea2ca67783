"""The state of an `InteractionStore`, without imported interactions, as arrays for a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.datasets.columns import as_bytes, as_strings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


@dataclass
class InteractionState:
    """Copies of the state of an `InteractionStore` at one moment.

    Attributes
    ----------
    items, kinds, user_ids : list of str
        By number.
    users : list of int
        Numbers of the users; the other numbers are those of sessions.
    session_of : dict of int
        The user who was identified last in each session, or its own number.
    first_of : dict of int
        The user who was identified first, of the sessions with several users.
    anonymous : set of int
        Numbers of the sessions that no user has logged in with.
    base : int
        Position of the oldest streamed interaction.
    columns : dict of arrays
        Of the streamed interactions.
    context : dict of (values, codes)
        By column.
    """

    items: list[str]
    kinds: list[str]
    user_ids: list[str]
    users: list[int]
    session_of: dict[str, int]
    first_of: dict[str, int]
    anonymous: set[int]
    base: int
    columns: Arrays
    context: dict[str, tuple[list[str], NDArray[np.int32]]]

    def arrays(self) -> Arrays:
        """Return the state as arrays; takes long for many interactions, and may run in a thread."""
        arrays: Arrays = {
            "items": as_bytes(self.items),
            "kinds": as_bytes(self.kinds),
            "person_ids": as_bytes(self.user_ids),
            "users": np.array(self.users, np.int32),
            "sessions": as_bytes(list(self.session_of)),
            "session_persons": np.array(list(self.session_of.values()), np.int32),
            "shared": as_bytes(list(self.first_of)),
            "shared_persons": np.array(list(self.first_of.values()), np.int32),
            "anonymous": np.array(sorted(self.anonymous), np.int32),
            "base": np.array([self.base], np.int64),
            "context": as_bytes(list(self.context)),
        }
        arrays |= {f"column-{name}": column for name, column in self.columns.items()}
        for name, (values, codes) in self.context.items():
            arrays[f"values-{name}"], arrays[f"codes-{name}"] = as_bytes(values), codes
        return arrays


def read_state(arrays: Mapping[str, NDArray[Any]]) -> InteractionState:
    """Return the state that `InteractionState.arrays` wrote."""
    names = as_strings(arrays["context"])
    return InteractionState(
        as_strings(arrays["items"]),
        as_strings(arrays["kinds"]),
        as_strings(arrays["person_ids"]),
        arrays["users"].tolist(),
        dict(zip(as_strings(arrays["sessions"]), arrays["session_persons"].tolist(), strict=True)),
        dict(zip(as_strings(arrays["shared"]), arrays["shared_persons"].tolist(), strict=True)),
        set(arrays["anonymous"].tolist()),
        int(arrays["base"][0]),
        {key.removeprefix("column-"): array for key, array in arrays.items() if key.startswith("column-")},
        {name: (as_strings(arrays[f"values-{name}"]), arrays[f"codes-{name}"]) for name in names},
    )
