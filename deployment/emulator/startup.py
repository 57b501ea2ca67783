"""Checks before the emulator serves: it binds its port, locks its folder, and requires free disk space."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
from typing import TYPE_CHECKING

from deployment.emulator.settings import HOST

if TYPE_CHECKING:
    from pathlib import Path

FREE_BYTES_NEEDED = 64 * 1024 * 1024
"""The emulator does not start with fewer bytes free on the disk: an apply and a demo write about this much."""

BACKLOG = 256


class CannotStartError(Exception):
    """The emulator cannot start; the message is one sentence with a remedy."""


def bind_port(port: int) -> socket.socket:
    """Bind a port, or any free one for 0, on loopback and listen on it; `CannotStartError` if that is impossible."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} is in use by another program: stop that program or choose another --port."
        else:
            message = f"Port {port} cannot be opened ({error.strerror}): choose another --port, above 1023."
        raise CannotStartError(message) from error
    listener.setblocking(False)
    return listener


def lock_directory(directory: Path) -> int:
    """Create the state folder where it is missing, lock it, and check that it can be written to.

    Returns
    -------
    int
        The descriptor that holds the lock. The kernel releases the lock when the process ends, however it ends.

    Raises
    ------
    CannotStartError
        If another emulator uses the folder, it cannot be written to, or the disk is full.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _write_error(directory, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        message = (
            f"{directory} is in use by another emulator (process {holder}): stop it or choose another --directory."
        )
        raise CannotStartError(message) from error
    try:
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        _clear_scratch(directory / "scratch")
    except OSError as error:
        os.close(lock)
        raise _write_error(directory, error) from error
    free = shutil.disk_usage(directory).free
    if free < FREE_BYTES_NEEDED:
        os.close(lock)
        message = (
            f"The disk that holds {directory} has {free >> 20} MiB free but {FREE_BYTES_NEEDED >> 20} are needed: "
            "free some space or choose another --directory."
        )
        raise CannotStartError(message)
    return lock


def _clear_scratch(scratch: Path) -> None:
    # Unpacked code of functions and other temporary files of a run that was killed.
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(exist_ok=True)


def _write_error(directory: Path, error: OSError) -> CannotStartError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return CannotStartError(
            f"The disk that holds {directory} is full: free some space or choose another --directory."
        )
    return CannotStartError(
        f"{directory} cannot be written to ({error.strerror}): make it writable or choose another --directory."
    )
