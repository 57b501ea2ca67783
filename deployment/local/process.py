"""One process of the laptop's cloud: started away from the terminal, known by its own id, told or forced to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# The workers finish what is in flight for up to a minute.
_STOP_SECONDS = 70.0
_POLL_SECONDS = 0.05
_LAST_WORDS = 600


class ProcessError(Exception):
    """A process did not start, or did not stop; the message ends with its own last words."""


@dataclass(frozen=True)
class Process:
    """A process known by its name.

    Parameters
    ----------
    name
        What it is called in messages and file names.
    command
        Program and arguments. The folder of its state is among them, which tells it from its like.
    environment
        All of its environment variables.
    folder
        Where its id (`<name>.pid`) and its log (`<name>.log`) lie.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def _id_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def running(self) -> int | None:
        """Return the id of the process if it runs, and is ours: an id may have gone to another since."""
        try:
            identifier = int(self._id_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        done = subprocess.run(
            ["ps", "-ww", "-o", "stat=,args=", "-p", str(identifier)],  # noqa: S607 - in another place on each system
            capture_output=True,
            text=True,
            check=False,
        )
        state, _, arguments = done.stdout.strip().partition(" ")
        ours = all(part in arguments for part in self.command[1:])
        return identifier if ours and not state.startswith("Z") else None

    def start(self, ready: Callable[[], bool], seconds: float) -> None:
        """Start it, unless it runs, and wait until it is ready.

        Raises
        ------
        ProcessError
            If it ends, or is not ready in time.
        """
        if self.running() is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as log:
                child = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=dict(self.environment),
                    start_new_session=True,
                )
            self._id_file.write_text(str(child.pid), encoding="ascii")
        deadline = time.monotonic() + seconds
        while not ready():
            if self.running() is None:
                raise ProcessError(f"The {self.name} ended while it started: {self.last_words()}")
            if time.monotonic() > deadline:
                raise ProcessError(f"The {self.name} was not ready after {seconds:.0f} s: see {self.log}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> bool:
        """Ask it to stop, wait, and force it after a good minute; return whether it ran."""
        identifier = self.running()
        if identifier is None:
            self._id_file.unlink(missing_ok=True)
            return False
        _signal(identifier, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._still_there(identifier):
            if time.monotonic() > deadline:
                _signal(identifier, signal.SIGKILL)
            time.sleep(_POLL_SECONDS)
        self._id_file.unlink(missing_ok=True)
        return True

    def kill(self) -> None:
        """Kill it and what it started at once, as a power cut would."""
        identifier = self.running()
        if identifier is not None:
            try:
                os.killpg(identifier, signal.SIGKILL)
            except ProcessLookupError:
                return
            while self._still_there(identifier):
                time.sleep(_POLL_SECONDS)

    def last_words(self) -> str:
        """Return the end of its log, for a message."""
        try:
            words = self.log.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return "it left no log"
        return words[-_LAST_WORDS:].rpartition("\n")[2] or "its log is empty"

    def _still_there(self, identifier: int) -> bool:
        # A child of this process is a zombie until it is waited for; one of an earlier command is not ours to wait for.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(identifier, os.WNOHANG)
        return self.running() == identifier


def _signal(identifier: int, number: signal.Signals) -> None:
    try:
        os.kill(identifier, number)
    except ProcessLookupError:
        return
