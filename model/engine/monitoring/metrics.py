"""What the service counts, in Prometheus' text format."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

LATENCY_BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class CacheInfo(Protocol):
    """Hits and misses of a cache, as `functools.lru_cache` counts them."""

    @property
    def hits(self) -> int:  # noqa: D102 - the name of functools
        ...

    @property
    def misses(self) -> int:  # noqa: D102 - the name of functools
        ...


Gauge = tuple[str, str, Iterable[tuple[Mapping[str, str], float]]]


class Counts:
    """Requests, latencies, events and more since the start of the process.

    Attributes
    ----------
    in_progress : int
        Requests that are being answered.
    ending : bool
        Whether the process is about to end.
    caches : dict
        By name, the functions that return hits and misses.
    """

    def __init__(self) -> None:
        self.events_received = 0
        self.events_duplicate = 0
        self.in_progress = 0
        self.ending = False
        self.caches: dict[str, Callable[[], CacheInfo]] = {}
        self._started = time.time()
        self._faults: Counter[tuple[str, str]] = Counter()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(LATENCY_BOUNDS_SECONDS) + 1))

    def add_request(self, operation: str, outcome: str, seconds: float) -> None:
        """Count one request.

        Parameters
        ----------
        operation, outcome : str
            The outcome is "ok" or the name of the error.
        """
        self._requests[operation, outcome] += 1
        self._seconds[operation] += seconds
        self._buckets[operation][bisect_left(LATENCY_BOUNDS_SECONDS, seconds)] += 1

    def add_fault(self, operation: str, fault: str) -> None:
        """Count a call that a fault switch struck."""
        self._faults[operation, fault] += 1

    def page(self, gauges: Iterable[Gauge]) -> str:
        """Return the page that Prometheus reads.

        Parameters
        ----------
        gauges : iterable of (name, help, [(labels, value)])
            What is measured at this moment.
        """
        lines = [
            *_head("personalize_events_received_total", "counter", "Events in PutEvents calls that were answered 200"),
            f"personalize_events_received_total {self.events_received}",
            *_head("personalize_events_duplicate_total", "counter", "Received events whose id had been stored before"),
            f"personalize_events_duplicate_total {self.events_duplicate}",
        ]
        text = "Requests by operation and outcome"
        lines += _counter("personalize_requests_total", text, ("operation", "outcome"), self._requests)
        text = "Calls that a fault switch struck"
        lines += _counter("personalize_faults_total", text, ("operation", "fault"), self._faults)
        text = "Looks into caches"
        looks = {
            (name, outcome): count
            for name, info in ((name, cache_info()) for name, cache_info in self.caches.items())
            for outcome, count in (("hit", info.hits), ("miss", info.misses))
        }
        lines += _counter("personalize_cache_look_ups_total", text, ("cache", "outcome"), looks)
        lines += _head("process_cpu_seconds_total", "counter", "Processor time of the process")
        lines.append(f"process_cpu_seconds_total {time.process_time():.2f}")
        lines += _head("personalize_request_seconds", "histogram", "Time from the request's head to its answer")
        for operation in sorted(self._seconds):
            lines += self._histogram(operation)
        for name, text, values in [*self._process(), *gauges]:
            lines += _head(name, "gauge", text)
            lines += [f"{name}{_labels(labels)} {value:.16g}" for labels, value in values]
        return "\n".join(lines) + "\n"

    def _process(self) -> list[Gauge]:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - a page of the kernel, read whole
            pages = int(statm.read().split()[1])
        # The names of the process are those that Prometheus' own libraries use.
        return [
            ("personalize_requests_in_progress", "Requests that are being answered", [({}, self.in_progress)]),
            ("process_resident_memory_bytes", "Memory of the process", [({}, pages * os.sysconf("SC_PAGE_SIZE"))]),
            ("process_start_time_seconds", "When the process started", [({}, self._started)]),
        ]

    def _histogram(self, operation: str) -> list[str]:
        lines, total = [], 0
        bounds = [*(f"{bound:g}" for bound in LATENCY_BOUNDS_SECONDS), "+Inf"]
        for bound, count in zip(bounds, self._buckets[operation], strict=True):
            total += count
            labels = _labels({"operation": operation, "le": bound})
            lines.append(f"personalize_request_seconds_bucket{labels} {total}")
        labels = _labels({"operation": operation})
        lines.append(f"personalize_request_seconds_sum{labels} {self._seconds[operation]:.6f}")
        lines.append(f"personalize_request_seconds_count{labels} {total}")
        return lines


def _counter(name: str, text: str, names: tuple[str, str], counted: Mapping[tuple[str, str], int]) -> list[str]:
    lines = _head(name, "counter", text)
    for values, count in sorted(counted.items()):
        lines.append(f"{name}{_labels(dict(zip(names, values, strict=True)))} {count}")
    return lines


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _labels(labels: Mapping[str, str]) -> str:
    escaped = (f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    inside = ",".join(escaped)
    return f"{{{inside}}}" if inside else ""


_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
