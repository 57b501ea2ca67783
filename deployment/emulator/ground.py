"""What a run needs before it may serve: its port, its folder to itself, and room to write."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
from typing import TYPE_CHECKING

from deployment.emulator.refusal import CannotStart
from deployment.emulator.settings import HOST

if TYPE_CHECKING:
    from pathlib import Path

ROOM_NEEDED = 64 * 1024 * 1024
"""Bytes free on the disk below which a start is refused: an apply and a demo write about this much."""

BACKLOG = 256


def take_port(port: int) -> socket.socket:
    """Bind the port on loopback, so that nobody else can have it from here on.

    Parameters
    ----------
    port
        The port, or 0 for any free one.

    Returns
    -------
    socket.socket
        A listening socket.

    Raises
    ------
    CannotStart
        If the port is taken or may not be bound.
    """
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
        raise CannotStart(message) from error
    listener.setblocking(False)
    return listener


def take_directory(directory: Path) -> int:
    """Make the folder, lock it, and see that it can be written to.

    Parameters
    ----------
    directory
        The folder of all state.

    Returns
    -------
    int
        The descriptor that holds the lock, which the kernel lets go of when the process dies, however it dies.

    Raises
    ------
    CannotStart
        If another emulator has the folder, it cannot be written to, or the disk is full.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _cannot_write(directory, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        message = (
            f"{directory} is in use by another emulator (process {holder}): stop it or choose another --directory."
        )
        raise CannotStart(message) from error
    try:
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        _empty_scratch(directory / "scratch")
    except OSError as error:
        os.close(lock)
        raise _cannot_write(directory, error) from error
    free = shutil.disk_usage(directory).free
    if free < ROOM_NEEDED:
        os.close(lock)
        message = (
            f"The disk that holds {directory} has {free >> 20} MiB left where {ROOM_NEEDED >> 20} are needed: "
            "free some space or choose another --directory."
        )
        raise CannotStart(message)
    return lock


def _empty_scratch(scratch: Path) -> None:
    # Functions' unpacked code and other temporary files of a run that was killed.
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(exist_ok=True)


def _cannot_write(directory: Path, error: OSError) -> CannotStart:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return CannotStart(f"The disk that holds {directory} is full: free some space or choose another --directory.")
    return CannotStart(
        f"{directory} cannot be written to ({error.strerror}): make it writable or choose another --directory."
    )
