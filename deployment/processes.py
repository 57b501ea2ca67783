"""Runs a process that must not be killed, such as an apply of Terraform, to its end.

After an interruption Terraform waits for the resources that it is creating and stores them in the state. Killed, it
leaves resources that no state has, and a locked state.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Ended:
    """A process that ended: its exit status, what it printed, if that was captured, and whether it was interrupted."""

    status: int
    output: str
    errors: str
    is_interrupted: bool


class Interruptions:
    """Forwards the interruptions of this process to another, as interrupts.

    An interrupt, a termination and a closed terminal are one, and it is forwarded once. A further Ctrl-C is forwarded
    too, with which Terraform ends at once; a termination that follows an interrupt is not: when GitHub cancels a job,
    it sends both, 7.5 s apart.
    https://docs.github.com/en/actions/reference/workflow-cancellation-reference
    """

    def __init__(self, notice: bytes) -> None:
        self._notice = notice
        self._process: Any = None
        self.count = 0

    def on_signal(self, number: int, _frame: object) -> None:
        """Forward a signal."""
        if self.count and number != signal.SIGINT:
            return
        self.count += 1
        if self.count == 1:
            os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, self._notice)
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)

    def forward_to(self, process: Any) -> None:
        """Forward to a process that was started, also an interruption from before."""
        self._process = process
        if self.count:
            process.send_signal(signal.SIGINT)


def run_to_end(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str], None] | None = None,
    *,
    is_captured: bool = False,
) -> Ended:
    """Run a command in a session of its own, and wait for its end, after an interruption too.

    Parameters
    ----------
    on_line
        Called with each line of the captured output.
    is_captured
        Whether the output is captured; otherwise it is this process's own, and so is the notice of an interruption.
    """
    name = os.path.basename(command[0])  # noqa: PTH119 - a name in a text
    notice = (
        f"interrupted: {name} ends what it has begun, which can take minutes; "
        "a second Ctrl-C ends it at once, and it may lose what it has created\n"
    )
    with _forwarding(notice.encode() if is_captured else b"") as interruptions, tempfile.TemporaryFile("w+") as errors:
        # In a session of its own, since a terminal's Ctrl-C goes to the whole group: it would be sent twice.
        with subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdout=subprocess.PIPE if is_captured else None,
            stderr=errors if is_captured else None,
            text=True,
            start_new_session=True,
        ) as process:
            interruptions.forward_to(process)
            lines = []
            for line in process.stdout or ():
                lines.append(line)
                if on_line:
                    on_line(line)
            process.wait()
        errors.seek(0)
        return Ended(process.returncode, "".join(lines), errors.read(), interruptions.count > 0)


@contextmanager
def _forwarding(notice: bytes) -> Iterator[Interruptions]:
    interruptions = Interruptions(notice)
    if threading.current_thread() is not threading.main_thread():
        yield interruptions  # signals are for the main thread
        return
    before = {number: signal.signal(number, interruptions.on_signal) for number in _SIGNALS}
    try:
        yield interruptions
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
