"""Counters of the service, as a page that Prometheus reads.

The request path counts in plain dictionaries, and `prometheus_client` renders the page: its own counters take eight
times as long for a request, and write `le="1.0"` where the series have `le="1"`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

LATENCY_BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
BUCKETS = (*(f"{bound:g}" for bound in LATENCY_BOUNDS_SECONDS), "+Inf")


class CacheInfo(Protocol):
    """Hits and misses of a cache, as `functools.lru_cache` counts them."""

    @property
    def hits(self) -> int:  # noqa: D102 - the name of functools
        ...

    @property
    def misses(self) -> int:  # noqa: D102 - the name of functools
        ...


Gauge = tuple[str, str, Iterable[tuple[Mapping[str, str], float]]]


class Counts(Collector):
    """Requests, latencies, events and more since the start; `caches` has functions that return hits and misses."""

    def __init__(self) -> None:
        self.events_received = 0
        self.events_duplicate = 0
        self.in_progress = 0
        self.ending = False
        self.caches: dict[str, Callable[[], CacheInfo]] = {}
        self._faults: Counter[tuple[str, str]] = Counter()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(BUCKETS))
        self._process = ProcessCollector(registry=None)

    def add_request(self, operation: str, outcome: str, seconds: float) -> None:
        """Count one request; its outcome is "ok" or the name of the error."""
        self._requests[operation, outcome] += 1
        self._seconds[operation] += seconds
        self._buckets[operation][bisect_left(LATENCY_BOUNDS_SECONDS, seconds)] += 1

    def add_fault(self, operation: str, fault: str) -> None:
        """Count a call into which a fault switch injected a fault."""
        self._faults[operation, fault] += 1

    def page(self, gauges: Iterable[Gauge]) -> bytes:
        """Return the page that Prometheus reads, with gauges (name, help, [(labels, value)]) of this moment."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        registry.register(self._process)
        registry.register(_Gauges(gauges))
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Yield all counters."""
        text = "Events in PutEvents calls that were answered 200"
        yield CounterMetricFamily("personalize_events_received_total", text, self.events_received)
        text = "Received events whose id had been stored before"
        yield CounterMetricFamily("personalize_events_duplicate_total", text, self.events_duplicate)
        text, names = "Requests by operation and outcome", ("operation", "outcome")
        yield _counter("personalize_requests_total", text, names, self._requests)
        text, names = "Calls into which a fault switch injected a fault", ("operation", "fault")
        yield _counter("personalize_faults_total", text, names, self._faults)
        infos = {name: cache_info() for name, cache_info in self.caches.items()}
        looks = {(name, "hit"): info.hits for name, info in infos.items()}
        looks |= {(name, "miss"): info.misses for name, info in infos.items()}
        yield _counter("personalize_cache_look_ups_total", "Cache look-ups", ("cache", "outcome"), looks)
        text = "Requests that are being answered"
        yield GaugeMetricFamily("personalize_requests_in_progress", text, self.in_progress)
        text = "Time from the request's head to its answer"
        seconds = HistogramMetricFamily("personalize_request_seconds", text, labels=("operation",))
        for operation, total in sorted(self._seconds.items()):
            buckets = zip(BUCKETS, accumulate(self._buckets[operation]), strict=True)
            seconds.add_metric((operation,), list(buckets), total)
        yield seconds


class _Gauges(Collector):
    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        for name, text, values in self._gauges:
            family = Metric(name, text, "gauge")
            for labels, value in values:
                family.add_sample(name, dict(labels), value)
            yield family


def _counter(name: str, text: str, labels: tuple[str, str], counts: Mapping[tuple[str, str], int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family
