"""A background process of the laptop's cloud, found by its stored process id, started and stopped."""

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

# The workers finish invocations and flushes in flight for up to a minute.
_STOP_SECONDS = 70.0
_POLL_SECONDS = 0.05
_LOG_TAIL_CHARACTERS = 600


class ProcessError(Exception):
    """A process did not start; the message ends with the end of its log."""


@dataclass(frozen=True)
class Process:
    """A background process with a name.

    Parameters
    ----------
    command
        Program and arguments, which include the folder of its state and so identify the process.
    environment
        All of its environment variables.
    folder
        The folder of its process id (`<name>.pid`) and its log (`<name>.log`).
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path

    @property
    def log(self) -> Path:
        """The file of its output."""
        return self.folder / f"{self.name}.log"

    @property
    def _id_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def running(self) -> int | None:
        """Return the process id if the process runs, or None. An id that another program has by now does not count."""
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
        is_ours = all(part in arguments for part in self.command[1:])
        return identifier if is_ours and not state.startswith("Z") else None

    def start(self, ready: Callable[[], bool], seconds: float) -> None:
        """Start the process, unless it runs, and wait until it is ready.

        Raises `ProcessError` where it ends, or is not ready in time.
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
                raise ProcessError(f"The {self.name} ended while it started: {self.log_tail()}")
            if time.monotonic() > deadline:
                raise ProcessError(f"The {self.name} was not ready after {seconds:.0f} s: see {self.log}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> bool:
        """Terminate the process, kill it after 70 seconds, and return whether it ran."""
        identifier = self.running()
        if identifier is None:
            self._id_file.unlink(missing_ok=True)
            return False
        _signal(identifier, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._is_running(identifier):
            if time.monotonic() > deadline:
                _signal(identifier, signal.SIGKILL)
            time.sleep(_POLL_SECONDS)
        self._id_file.unlink(missing_ok=True)
        return True

    def kill(self) -> None:
        """Kill the process and its children at once, as a power cut would."""
        identifier = self.running()
        if identifier is not None:
            try:
                os.killpg(identifier, signal.SIGKILL)
            except ProcessLookupError:
                return
            while self._is_running(identifier):
                time.sleep(_POLL_SECONDS)

    def log_tail(self) -> str:
        """Return the end of its log, for a message."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return "it has no log"
        return text[-_LOG_TAIL_CHARACTERS:].rpartition("\n")[2] or "its log is empty"

    def _is_running(self, identifier: int) -> bool:
        # A child of this process is a zombie until it is waited for; a child of an earlier command has no parent here.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(identifier, os.WNOHANG)
        return self.running() == identifier


def _signal(identifier: int, number: signal.Signals) -> None:
    try:
        os.kill(identifier, number)
    except ProcessLookupError:
        return
