"""The laptop's cloud as one thing: three processes on loopback over one folder of state.

The emulator answers AWS's API, the engine answers Personalize's, and the workers carry records from the one service
to the next. Any of them can be killed at any time and started again on the same folder.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import shutil
import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import localstack_client.session
from botocore.config import Config

from deployment.local.process import Process, ProcessError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "build" / "env"
HOST = "127.0.0.1"
REGION = "eu-central-1"
ACCOUNT = "000000000000"

DEFAULT_PORT = 4566
DEFAULT_ENGINE_PORT = 4567

_LOCK = "command.lock"
_START_SECONDS = 60.0
_FULL_DISK_BYTES = 512 * 1024**2

# What the emulator takes for the root user of its one account.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class CloudError(Exception):
    """The cloud cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Cloud:
    """The laptop's cloud in one folder.

    Parameters
    ----------
    directory
        All of its state, logs and process ids.
    port
        Where every AWS API is answered, on loopback.
    engine_port
        Where Personalize is answered, on loopback.
    """

    directory: Path
    port: int = DEFAULT_PORT
    engine_port: int = DEFAULT_ENGINE_PORT

    @property
    def endpoint(self) -> str:
        """Address of every AWS API."""
        return f"http://{HOST}:{self.port}"

    @property
    def engine_url(self) -> str:
        """Address of Personalize's API."""
        return f"http://{HOST}:{self.engine_port}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which any AWS client speaks to this cloud and to no other.

        What the user has set for AWS is left out: a profile or a region of theirs must not reach a laptop's run.
        """
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AWS_", "TF_VAR_", "PYTHON", "LOCALSTACK", "MINISTACK"))
        }
        return (
            kept
            | CREDENTIALS
            | {
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_ENDPOINT_URL_PERSONALIZE": self.engine_url,
                "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS": self.engine_url,
                "AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME": self.engine_url,
                "AWS_EC2_METADATA_DISABLED": "true",
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
            }
        )

    def client(self, service: str) -> Any:
        """Return a boto3 client of one service of this cloud, patient with a cloud that is being restarted.

        Parameters
        ----------
        service
            Name as boto3 has it, those of Personalize excepted: they are the engine's, at `engine_url`.
        """
        session = localstack_client.session.Session(
            *CREDENTIALS.values(), region_name=REGION, localstack_host=self._host
        )
        return session.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 8}))

    @property
    def _host(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def processes(self) -> tuple[Process, ...]:
        """The three processes, in the order in which they start."""
        python = str(ENVIRONMENTS / "main" / "bin" / "python")
        emulator = (
            *(str(ENVIRONMENTS / "emulator" / "bin" / "python"), "-m", "deployment.emulator"),
            *("--port", str(self.port), "--directory", str(self.directory / "emulator")),
            *("--engine-url", self.engine_url, "--region", REGION, "--enforce-iam"),
            *("--lambda-python", str(ENVIRONMENTS / "lambda-runtime" / "bin" / "python"), "--spark-python", python),
        )
        engine = (
            *(python, "-m", "model.engine", "--port", str(self.engine_port), "--region", REGION),
            *("--directory", str(self.directory / "engine"), "--pace", "compressed"),
        )
        workers = (
            *(python, "-m", "deployment.workers", "--endpoint", self.endpoint, "--region", REGION),
            *("--directory", str(self.directory / "workers")),
        )
        commands = {"emulator": emulator, "engine": engine, "workers": workers}
        return tuple(Process(name, command, self.environment, self.directory) for name, command in commands.items())

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Keep other commands from this cloud for as long as the block, or this process, lasts.

        Raises
        ------
        CloudError
            If another command has it.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CloudError(
                    f"Another command is at work on {self.directory.name}: wait for it to end, or stop it."
                ) from None
            yield

    def start(self) -> None:
        """Start what does not run yet, and remember the ports beside the state.

        Raises
        ------
        CloudError
            If a port is taken, the disk is full, or a process does not come up.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.directory).free
        if free < _FULL_DISK_BYTES:
            raise CloudError(f"Only {free // 1024**2} MiB are free on the disk of {self.directory}: make room first.")
        ready = {
            "emulator": lambda: _answers(self.port, "/_ministack/health"),
            "engine": lambda: _answers(self.engine_port, "/health"),
            "workers": lambda: True,
        }
        for process in self.processes:
            self._refuse_a_taken_port(process)
        # Before anything runs, so that whatever comes up can be found and stopped.
        ports = {"port": self.port, "engine_port": self.engine_port}
        (self.directory / "ports.json").write_text(json.dumps(ports), encoding="utf-8")
        for process in self.processes:
            try:
                process.start(ready[process.name], _START_SECONDS)
            except ProcessError as error:
                raise CloudError(str(error)) from error

    def stop(self) -> list[str]:
        """Stop everything, the carriers first, and return the names of what ran."""
        return [process.name for process in reversed(self.processes) if process.stop()]

    def kill(self) -> None:
        """Kill everything at once, as a power cut would."""
        for process in self.processes:
            process.kill()

    def remove(self) -> None:
        """Stop everything and remove all that the cloud holds; the lock of a command that has it stays."""
        self.stop()
        for entry in self.directory.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()

    def running(self) -> dict[str, int | None]:
        """Return the process id of each part, none where it does not run."""
        return {process.name: process.running() for process in self.processes}

    def _refuse_a_taken_port(self, process: Process) -> None:
        port = {"emulator": self.port, "engine": self.engine_port}.get(process.name)
        if port is not None and process.running() is None and _is_taken(port):
            raise CloudError(
                f"Port {port} is in use by another program: stop that one, or choose others with "
                "RIVULET_PORT and RIVULET_ENGINE_PORT."
            )


def open_cloud(directory: Path) -> Cloud:
    """Return the cloud of a folder: with the ports it had, or those of the environment, or the usual ones.

    Parameters
    ----------
    directory
        Folder of its state, whether it exists or not.

    Raises
    ------
    CloudError
        If a port in the environment is no port number.
    """
    ports = {"port": DEFAULT_PORT, "engine_port": DEFAULT_ENGINE_PORT}
    remembered = directory / "ports.json"
    if remembered.is_file():
        ports |= json.loads(remembered.read_text(encoding="utf-8"))
    for key, variable in (("port", "RIVULET_PORT"), ("engine_port", "RIVULET_ENGINE_PORT")):
        ports[key] = _port_from(variable, ports[key])
    return Cloud(directory.resolve(), **ports)


def free_ports(count: int) -> Iterator[int]:
    """Yield ports that nothing uses at present, for clouds of tests."""
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in held]
    for listener in held:
        listener.close()
    yield from ports


def _port_from(variable: str, otherwise: int) -> int:
    text = os.environ.get(variable, "")
    if not text:
        return otherwise
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise CloudError(f"{variable}={text} is no port: give a number from 1024 to 65535.")
    return int(text)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
