"""Carry records between the services: ``python -m deployment.workers --endpoint URL --directory D …``."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from deployment.workers.checkpoints import Checkpoints
from deployment.workers.cloud import connect
from deployment.workers.logs import to_stdout
from deployment.workers.supervisor import Supervisor


def main(arguments: list[str] | None = None) -> int:
    """Carry until SIGTERM or SIGINT.

    Parameters
    ----------
    arguments
        The command line; the process's own by default.

    Returns
    -------
    int
        0: the work in flight has ended.
    """
    options = _parser().parse_args(arguments)
    to_stdout()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    checkpoints = Checkpoints(options.directory / "checkpoints.sqlite3")
    logging.getLogger(__name__).info("workers_started", extra={"endpoint": options.endpoint})
    Supervisor(connect(options.endpoint, options.region), checkpoints).run(stop)
    logging.getLogger(__name__).info("workers_stopped")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployment.workers", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="address of the emulator")
    parser.add_argument("--directory", type=Path, required=True, help="folder of the positions")
    parser.add_argument("--region", required=True, help="region whose mappings and delivery streams are served")
    return parser


if __name__ == "__main__":
    sys.exit(main())
