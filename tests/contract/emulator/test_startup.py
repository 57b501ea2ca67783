"""The emulator starts on loopback, or fails with one sentence that states the reason."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.fakes.emulator.process import ROOT, Emulator, free_port


def start_error(command: list[str]) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_busy_port_is_named_with_a_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port} is in use" in start_error(Emulator(tmp_path / "cloud", port).command())


def test_directory_of_another_emulator_is_refused(emulator: Emulator) -> None:
    assert emulator.process is not None

    message = start_error(Emulator(emulator.directory, free_port()).command())

    assert f"in use by another emulator (process {emulator.process.pid})" in message


def test_directory_is_free_again_after_a_kill(emulator: Emulator) -> None:
    emulator.kill()

    emulator.start()


def test_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    emulator = Emulator(tmp_path / "file" / "cloud", free_port())

    assert "cannot be written to" in start_error(emulator.command())


def test_missing_interpreter_is_named(tmp_path: Path) -> None:
    command = Emulator(tmp_path / "cloud", free_port()).command()
    command[command.index("--lambda-python") + 1] = str(tmp_path / "nowhere")

    assert "no Python interpreter at" in start_error(command)


def test_nothing_listens_but_one_loopback_port(emulator: Emulator) -> None:
    assert emulator.process is not None
    listening = sockets_listening(emulator.process.pid)

    assert listening == [("127.0.0.1", emulator.port)]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_nothing_is_left_in_the_scratch_folder_at_the_next_start(emulator: Emulator, end: str) -> None:
    (emulator.directory / "scratch" / "left").write_text("behind")

    getattr(emulator, end)()
    emulator.start()

    assert not (emulator.directory / "scratch" / "left").exists()


def test_sigterm_ends_it_with_status_0(emulator: Emulator) -> None:
    assert emulator.stop() == 0


def sockets_listening(process: int) -> list[tuple[str, int]]:
    """Read the process's listening TCP sockets out of the kernel's tables."""
    proc = Path("/proc") / str(process)
    targets = {os.readlink(descriptor) for descriptor in (proc / "fd").iterdir() if descriptor.is_symlink()}  # noqa: PTH115
    found = []
    for table in ("tcp", "tcp6"):
        for line in (proc / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in targets:
                address, port = fields[1].split(":")
                found.append((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    return found
