"""Reports the progress of a training: a bar on a terminal, and a line per epoch."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Iterator


class TrainingReporter(Protocol):
    """Receives the progress of a training."""

    def begin(self, name: str, epoch: int, batches: int) -> None:
        """Report that an epoch begins; the first is 1."""

    def batch(self, loss: float) -> None:
        """Report the mean loss of the epoch so far, after one more batch."""

    def end(self, name: str, epoch: int, loss: float, metric: str, value: float, seconds: float) -> None:
        """Report the results of an epoch; epoch 0 is the start, before training."""


class SilentReporter:
    """Reports nothing."""

    def begin(self, name: str, epoch: int, batches: int) -> None:  # noqa: D102
        pass

    def batch(self, loss: float) -> None:  # noqa: D102
        pass

    def end(self, name: str, epoch: int, loss: float, metric: str, value: float, seconds: float) -> None:  # noqa: D102
        pass


class ConsoleReporter:
    """Reports a bar, if the console is a terminal, and a line per epoch in any case.

    The line reads `lightgcn epoch=3 loss=5.1234 ndcg@20=0.1547 seconds=12.3`, which the metric definitions of a
    SageMaker training job can read (`epoch=([0-9]+)`, `loss=([0-9.]+)`).
    """

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console, self._bar = console, bar
        self._task = bar.add_task("waiting for the first epoch", total=None, status="")
        self._last = ""

    def begin(self, name: str, epoch: int, batches: int) -> None:  # noqa: D102
        self._bar.reset(self._task, total=batches, description=f"{name} epoch {epoch}", status=self._last)

    def batch(self, loss: float) -> None:  # noqa: D102
        self._bar.update(self._task, advance=1, status=f"loss {loss:.4f}  {self._last}")

    def end(self, name: str, epoch: int, loss: float, metric: str, value: float, seconds: float) -> None:  # noqa: D102
        self._last = f"{metric} {value:.4f}"
        line = f"{name} epoch={epoch} loss={loss:.4f} {metric}={value:.4f} seconds={seconds:.1f}"
        self._console.print(line, highlight=False, soft_wrap=True)


@contextmanager
def console_reporter() -> Iterator[TrainingReporter]:
    """Report a training on standard error."""
    console = Console(file=sys.stderr)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[status]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield ConsoleReporter(console, bar)
