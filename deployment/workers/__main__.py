"""Run event-source mappings and deliveries: ``python -m deployment.workers --endpoint URL --directory D …``."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from deployment.workers.checkpoints import Checkpoints
from deployment.workers.clients import connect
from deployment.workers.logs import log_to_stdout
from deployment.workers.supervisor import Supervisor


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, and wait for invocations and flushes in flight."""
    options = _parser().parse_args(arguments)
    log_to_stdout()
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
    parser.add_argument("--region", required=True, help="region of the mappings and delivery streams")
    return parser


if __name__ == "__main__":
    sys.exit(main())
