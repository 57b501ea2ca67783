"""Create a Python environment below build/env from its hashed lock: `python3 deployment/environment.py main`.

`make` runs this with any `python3`, so it uses the standard library only.
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
# PyTorch's CPU build is only on PyTorch's own index; the build on PyPI requires CUDA.
_FALLBACKS = {"networks": "networks-cuda"}


def make(name: str, lock_name: str | None = None) -> int:
    """Create the environment from scratch, with a bar that counts its packages; an incomplete one is removed.

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
    status, output = _install(folder, lock, lambda done: _draw(name, done, total))
    if status and lock_name is None and name in _FALLBACKS:
        sys.stderr.write(
            f"\nThe lock {name} cannot be installed here; {_FALLBACKS[name]} is used, which is much larger.\n"
        )
        return make(name, _FALLBACKS[name])
    if status:
        shutil.rmtree(folder, ignore_errors=True)
        sys.stderr.write(f"\nThe {name} environment could not be created; pip's output:\n" + "".join(output))
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
        # Python compiles what is imported, a tenth of it.
        "--no-compile",
        "--progress-bar=off",
    ]
    command += ["--require-hashes", "--requirement", str(lock)]
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    output: collections.deque[str] = collections.deque(maxlen=12)
    collected = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean) as process:
        for line in process.stdout or ():
            output.append(line)
            collected += line.startswith("Collecting ")
            if sys.stderr.isatty():
                on_progress(collected)
    return process.returncode, list(output)


def _draw(name: str, done: int, total: int) -> None:
    filled = _BAR_WIDTH * min(done, total) // max(total, 1)
    bar = "━" * filled + " " * (_BAR_WIDTH - filled)
    sys.stderr.write(f"\r  {name + ' environment':<28}{bar} {min(done, total)}/{total} packages")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(make(sys.argv[1]))
