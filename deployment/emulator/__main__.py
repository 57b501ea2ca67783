"""Start the laptop's AWS: ``python -m deployment.emulator --port 4566 --directory build/local/cloud …``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deployment.emulator.server import serve
from deployment.emulator.settings import Settings
from deployment.emulator.startup import CannotStartError, bind_port, lock_directory

CANNOT_START_STATUS = 2
"""Exit status when the emulator cannot start; argparse exits with it for a wrong command line."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT, and return exit status 0, or 2 if the emulator cannot start."""
    options = _parser().parse_args(arguments)
    directory = options.directory.resolve()
    try:
        for python in (options.lambda_python, options.spark_python):
            _check_interpreter(python)
        # An open descriptor holds the folder's lock, so it is released with the process.
        lock_directory(directory)
        listener = bind_port(options.port)
        settings = Settings(
            port=listener.getsockname()[1],
            directory=directory,
            engine_url=options.engine_url.rstrip("/"),
            lambda_python=options.lambda_python.absolute(),
            spark_python=options.spark_python.absolute(),
            region=options.region,
            iam_enforced=options.enforce_iam,
            recording=options.record,
        )
        serve(settings, listener)
    except CannotStartError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line's answer
        return CANNOT_START_STATUS
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployment.emulator", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port of every AWS API, on loopback")
    parser.add_argument("--directory", type=Path, required=True, help="folder of all state")
    parser.add_argument(
        "--engine-url", required=True, help="address of the engine that stands in for Amazon Personalize"
    )
    parser.add_argument("--lambda-python", type=Path, required=True, help="interpreter that functions run on")
    parser.add_argument("--spark-python", type=Path, required=True, help="interpreter that Glue jobs run on")
    parser.add_argument("--region", default="eu-central-1", help="region of requests that name none (%(default)s)")
    parser.add_argument("--enforce-iam", action="store_true", help="check signatures and the policies of roles")
    parser.add_argument("--record", type=Path, metavar="FILE", help="append the calls that IAM checks to a file")
    return parser


def _check_interpreter(python: Path) -> None:
    if not python.is_file():
        raise CannotStartError(f"There is no Python interpreter at {python}: create the environments first.")


if __name__ == "__main__":
    sys.exit(main())
