"""What a measurement cost: memory and time of the processor, of the process and of those that it started."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_mib() -> float:
    """Return the most resident memory that this process, or one that it started, ever had, in MiB."""
    # The peak that getrusage returns for a process itself starts at that of its parent.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def cpu_seconds() -> float:
    """Return the processor time in seconds of this process, its threads, and the processes it started that have ended.

    Other load on the machine changes it little.
    """
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
