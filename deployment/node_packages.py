"""Install the locked Node.js packages of a folder: `python3 deployment/node_packages.py backend/web build/web npm ci`.

npm explains a failure by its whole help or a stack. The reason and a remedy are printed, and all of it is in a log.
`make` runs this with any `python3`, so it uses the standard library only.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

_FILES = ("package.json", "package-lock.json", ".npmrc")
_LOG = "npm.log"
_MISSING = "NO_NPM"
_MOST_LINES = 8
_CODE = re.compile(r"^npm (?:error|ERR!) code (\S+)", re.MULTILINE)
_ERROR = re.compile(r"npm (?:error|ERR!) ?(.*)")
# Frames of a stack, members of an object, and the place of npm's own log, which is in the log that is named.
_DETAIL = re.compile(r"\s|\}|(syscall|errno) |A complete log of this run")
_HELP = ("Clean install a project", "Usage:")
_UNREACHED = "check the network, its proxy and `npm config get registry`, then make again"
_REFUSED = "check `npm config get registry` and what it lets you read"
_REMEDIES = {
    "EUSAGE": "write the lock again, `npm install --package-lock-only --prefix {source}`, or use a newer npm",
    "EINTEGRITY": "a download differs from the lock: `npm cache clean --force`, then make again",
    "ENOSPC": "free some space on the disk, then make again",
    _MISSING: "install npm, which some systems have apart from Node.js, then make again",
    "EACCES": "let this user write to {target} and to `npm config get cache`, then make again",
    **dict.fromkeys(("E401", "E403", "E404"), _REFUSED),
    **dict.fromkeys(("ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "EAI_AGAIN"), _UNREACHED),
    **dict.fromkeys(("ERR_SOCKET_TIMEOUT", "ENETUNREACH", "SELF_SIGNED_CERT_IN_CHAIN"), _UNREACHED),
}


def install(source: pathlib.Path, target: pathlib.Path, npm: list[str]) -> int:
    """Install the packages that a folder locks into another one, and return the exit status of npm.

    Parameters
    ----------
    npm
        The command, such as `["npm", "ci"]`.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copy(source / name, target)
    command = [*npm, "--prefix", str(target), "--no-audit", "--no-fund", "--loglevel=error"]
    sys.stderr.write(f"  Node.js packages of {source}\n")
    status, output = _run(command)
    if not status:
        sys.stdout.write(output)
        return 0
    log = target / _LOG
    log.write_text(output, encoding="utf-8")
    code = _CODE.search(output)
    remedy = _REMEDIES.get(code[1] if code else "", "read the log, then make again")
    lines = [
        f"npm could not install the packages of {source} (exit status {status}):",
        *_reason(output),
        f"  remedy: {remedy.format(source=source, target=target)}",
        f"  all of it: {log}",
    ]
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    return status


def _run(command: list[str]) -> tuple[int, str]:
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except OSError as error:
        return 127, f"npm error code {_MISSING}\nnpm error {error}\n"
    return done.returncode, done.stdout.decode(errors="replace")


def _reason(output: str) -> list[str]:
    """Return the lines of npm's errors that have the reason, or the last lines where it reports none in its form."""
    reason: list[str] = []
    for line in output.splitlines():
        error = _ERROR.fullmatch(line)
        if error and error[1].startswith(_HELP):
            break
        if error and error[1] and not _DETAIL.match(error[1]):
            reason.append(f"  {error[1]}")
    return reason[:_MOST_LINES] or [f"  {line}" for line in output.splitlines()[-_MOST_LINES:]]


if __name__ == "__main__":
    sys.exit(install(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]))
