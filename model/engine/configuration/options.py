"""Settings from the command line and the environment."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from model.engine.access.authentication import Key, KeysError, is_loopback, read_keys
from model.engine.configuration.settings import LOOPBACK, PACES, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PREFIX = "RIVULET_ENGINE_"
KEYS = f"{PREFIX}KEYS"
OTHERS = 0o007  # read, write and execute by other users

DESCRIPTION = "A service with Amazon Personalize's API."
EPILOGUE = f"""
Every option may be set in the environment instead, such as {PREFIX}PORT for --port; the command line wins.

Keys are JSON: {{"<access key id>": {{"secret": "<secret key>", "account": "<12 digits>"}}}}. They come from
--keys-file, or from {KEYS} itself, never from the command line, which others on the machine can read.
With keys, every request must be signed with one of them (Signature Version 4). Without keys the engine listens on
loopback only and accepts any signature.
"""


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Read the settings; a wrong one ends the process with a message and exit code 2."""
    parser = _parser(environment)
    given = parser.parse_args(arguments)
    try:
        keys = _keys(given.keys_file, environment.get(KEYS))
    except KeysError as error:
        parser.error(str(error))
    if not keys and not is_loopback(given.host):
        parser.error(f"beyond {LOOPBACK} requests must be signed: give keys with --keys-file or {KEYS}")
    return Settings(
        given.directory,
        given.port,
        given.region,
        given.account,
        PACES[given.pace],
        given.host,
        keys,
        given.metrics_port,
        given.faults_port,
    )


def variables() -> set[str]:
    """Return the environment variables that are read."""
    options = {action.dest for action in _parser({})._actions} - {"help"}  # noqa: SLF001 - argparse lists them nowhere else
    return {KEYS} | {PREFIX + name.upper() for name in options}


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model.engine",
        description=DESCRIPTION,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def add(
        name: str, text: str, default: str | None = None, kind: Callable[[str], object] = str, *, needed: bool = False
    ) -> None:
        variable = PREFIX + name.upper().replace("-", "_")
        value = environment.get(variable) or default
        # A default that is text is read like an argument, so the environment is checked the same way.
        parser.add_argument(f"--{name}", default=value, required=needed and value is None, help=text, type=kind)

    add("directory", "directory of all state", kind=Path, needed=True)
    add("port", "0 picks a free port, which the log names", kind=_port, needed=True)
    add("host", f"address to listen on (default {LOOPBACK}); any other than loopback needs keys", LOOPBACK)
    add("keys-file", "file of access keys, which other users may not read", kind=Path)
    add("region", f"of requests whose signature has none (default {Settings.region})", Settings.region)
    add("account", f"of requests whose access key is no account (default {Settings.account})", Settings.account)
    add("pace", f"how long resources stay in each state: {', '.join(PACES)}", "compressed", kind=_pace)
    add("metrics-port", "/metrics, /health and /ready on a port of their own at the same address", kind=_port)
    add("faults-port", "fault switches: GET, POST and DELETE /faults, on loopback only (default: off)", kind=_port)
    return parser


def _keys(file: Path | None, text: str | None) -> dict[str, Key]:
    if file is None:
        return read_keys(text) if text is not None else {}
    if text is not None:
        raise KeysError(f"give either --keys-file or {KEYS}, not both")
    try:
        if file.stat().st_mode & OTHERS:
            raise KeysError(f"{file} is readable by every user of this machine: chmod o= {file}")
        return read_keys(file.read_bytes())
    except OSError as error:
        raise KeysError(f"the keys cannot be read from {file} ({error.strerror})") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, not {text}")
    return int(text)


def _pace(text: str) -> str:
    if text not in PACES:
        raise argparse.ArgumentTypeError(f"a pace is one of {', '.join(PACES)}, not {text}")
    return text
