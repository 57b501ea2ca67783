"""Runs a job's script in the Spark interpreter, and ends with the emulator that started it.

The emulator starts this file by its path, in an environment that has PySpark and nothing of the emulator, so it imports
only the standard library. The emulator holds the other end of standard input; when that closes, however the emulator
ended, this process ends, and with it the JVM, whose standard input it holds.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _die_with_the_emulator() -> None:
    # Not through sys.stdin: its lock, held by a daemon thread, aborts the interpreter when the script ends.
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_die_with_the_emulator, daemon=True).start()
    script = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_path(script, run_name="__main__")
