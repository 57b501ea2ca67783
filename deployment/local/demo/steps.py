"""The steps of a long job: a progress bar while one runs, a line when it is done, and the seconds of each."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


class Bar:
    """The bar of one step."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=None, note="")
        self._note = ""

    def show(self, done: float | None = None, total: float | None = None, note: str | None = None) -> None:
        """Move the bar, in the step's own unit; without a total it is indeterminate."""
        self._note = self._note if note is None else note
        self._progress.update(self._task, completed=done, total=total, note=self._note)

    def advance(self, count: int) -> None:
        """Move the bar by so many more units."""
        self._progress.advance(self._task, count)


class Steps:
    """Runs steps in sequence and measures each.

    Attributes
    ----------
    seconds
        Wall-clock seconds by title, in the order in which the steps ran.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[Bar]:
        """Show a bar while the block runs and a line with its seconds afterwards."""
        started = time.monotonic()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description:<38}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
        )
        shown = self.console.is_terminal
        with Progress(*columns, console=self.console, transient=True, disable=not shown) as progress:
            yield Bar(progress, title)
        self.seconds[title] = time.monotonic() - started
        self.console.print(f"[green]✓[/] {title:<38} {self.seconds[title]:6.1f} s")
