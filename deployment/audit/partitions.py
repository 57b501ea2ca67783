"""Sightings of events on disk, divided by event id into parts that fit into memory one by one."""

from __future__ import annotations

from contextlib import ExitStack
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, BinaryIO, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

PARTS = 128
"""Parts of an audit, whose files are open together: macOS permits 256 to a process. A sighting takes about 500 bytes in
memory, so 100 million of them need 400 MB at a time."""

_MAX_SORT_KEY_ID = 1024 - 14
"""Bytes of an event id that the history's sort key holds beside the time (`backend/forward/history.py`)."""


class Sighting(msgspec.Struct, array_like=True, frozen=True):
    """An event in the ledger or at a stage.

    Attributes
    ----------
    place
        The name of the stage, or an outcome in the ledger.
    at
        Epoch seconds of its arrival there, or of the API's answer; None where that is not known.
    identity
        What another event of the same id would not share, such as the user; empty where the place does not show it.
    event_type
        In the ledger.
    """

    event_id: str
    place: str
    at: float | None = None
    identity: str = ""
    event_type: str | None = None

    @property
    def has_user_and_session(self) -> bool:
        """Whether the identity, as the stream and the lake show it, begins with a user and a session."""
        user, _, rest = self.identity.partition("\n")
        return bool(user and rest.partition("\n")[0])


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Sighting).decode


class Partitions:
    """A folder with one file per part; the sightings of an event are all in one of them."""

    def __init__(self, folder: Path) -> None:
        self._paths = [folder / f"{number:03d}" for number in range(PARTS)]
        self._files: list[BinaryIO] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the files for `add`."""
        self._files = [self._stack.enter_context(path.open("wb")) for path in self._paths]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the files; then they can be read."""
        self._stack.close()

    def add(self, sighting: Sighting) -> None:
        """Write a sighting into the part of its event."""
        event_id = sighting.event_id.encode(errors="surrogatepass")
        if len(event_id) > _MAX_SORT_KEY_ID:  # the history has the digest in its place
            sighting = msgspec.structs.replace(sighting, event_id=sha256(event_id).hexdigest())
            event_id = sighting.event_id.encode()
        self._files[blake2b(event_id, digest_size=1).digest()[0] % PARTS].write(_encode(sighting) + b"\n")

    def parts(self) -> Iterator[list[Sighting]]:
        """Yield the sightings of each part."""
        for path in self._paths:
            with path.open("rb") as file:
                yield [_decode(line) for line in file]
