"""Make one Python environment below build/env from its hashed lock: `python3 deployment/environment.py main`.

Run by make with whatever `python3` there is, so it uses nothing but the standard library.
"""

from __future__ import annotations

import collections
import os
import pathlib
import shutil
import subprocess
import sys
import venv

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_BAR_WIDTH = 30
# PyTorch's CPU build is found only where pip is told of PyTorch's own index or has the file; PyPI's brings CUDA.
_INSTEAD = {"networks": "networks-cuda"}


def make(name: str, lock_name: str | None = None) -> int:
    """Make the environment anew, with a bar that counts its packages; one that breaks off is removed.

    Returns
    -------
    int
        Exit status: 0, or pip's own.
    """
    lock = _ROOT / "deployment" / "requirements" / f"{lock_name or name}.txt"
    folder = _ROOT / "build" / "env" / name
    total = sum(1 for line in lock.read_text(encoding="utf-8").splitlines() if line[:1].isalnum())
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    status, last_words = _install(folder, lock, lambda done: _draw(name, done, total))
    if status and lock_name is None and name in _INSTEAD:
        sys.stderr.write(f"\nThe lock {name} cannot be had here, so {_INSTEAD[name]} is taken, which is much larger.\n")
        return make(name, _INSTEAD[name])
    if status:
        shutil.rmtree(folder, ignore_errors=True)
        sys.stderr.write(f"\nThe {name} environment could not be made; pip said:\n" + "".join(last_words))
        return status
    _draw(name, total, total)
    sys.stderr.write("\n")
    (folder / ".ready").touch()
    return 0


def _install(
    folder: pathlib.Path, lock: pathlib.Path, on_progress: collections.abc.Callable[[int], None]
) -> tuple[int, list[str]]:
    command = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar=off",
    ]
    command += ["--require-hashes", "--requirement", str(lock)]
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    words: collections.deque[str] = collections.deque(maxlen=12)
    collected = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean) as process:
        for line in process.stdout or ():
            words.append(line)
            collected += line.startswith("Collecting ")
            if sys.stderr.isatty():
                on_progress(collected)
    return process.returncode, list(words)


def _draw(name: str, done: int, total: int) -> None:
    filled = _BAR_WIDTH * min(done, total) // max(total, 1)
    bar = "━" * filled + " " * (_BAR_WIDTH - filled)
    sys.stderr.write(f"\r  {name + ' environment':<28}{bar} {min(done, total)}/{total} packages")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(make(sys.argv[1]))
