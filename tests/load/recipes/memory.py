"""How much memory a process had at its most."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_mib() -> float:
    """Return the most resident memory that this process, or one that it started, ever had, in MiB.

    Returns
    -------
    float
    """
    # The peak that getrusage tells of a process itself begins with that of the process that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
