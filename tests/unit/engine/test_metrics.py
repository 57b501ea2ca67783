"""The page of metrics: names, labels and sums that dashboards rely on."""

from __future__ import annotations

from functools import lru_cache

import pytest
from prometheus_client.parser import text_string_to_metric_families

from model.engine.monitoring.metrics import Counts


def test_the_page_has_every_counter_gauge_and_bucket():
    counts = Counts()
    counts.events_received, counts.events_duplicate, counts.in_progress = 5, 2, 1
    counts.add_request("PutEvents", "ok", 0.0007)
    counts.add_request("PutEvents", "ok", 0.3)
    counts.add_request("PutEvents", "ThrottlingException", 9.0)
    counts.add_fault("PutEvents", "throttle")
    counts.caches = {"filters": lru_cache(str).cache_info}
    gauges = [("personalize_events_stored", "Distinct ids", [({"dataset_group": 'a"\\\n'}, 3)])]

    page = counts.page(gauges).decode()
    families = list(text_string_to_metric_families(page))
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }

    def value(name, **labels):
        return samples[name, tuple(sorted(labels.items()))]

    def bucket(le):
        return value("personalize_request_seconds_bucket", operation="PutEvents", le=le)

    assert {family.name: family.type for family in families if family.name.startswith("personalize")} == {
        "personalize_events_received": "counter",
        "personalize_events_duplicate": "counter",
        "personalize_requests": "counter",
        "personalize_faults": "counter",
        "personalize_cache_look_ups": "counter",
        "personalize_requests_in_progress": "gauge",
        "personalize_request_seconds": "histogram",
        "personalize_events_stored": "gauge",
    }
    assert value("personalize_events_received_total") == 5
    assert value("personalize_events_duplicate_total") == 2
    assert value("personalize_requests_in_progress") == 1
    assert value("personalize_requests_total", operation="PutEvents", outcome="ok") == 2
    assert value("personalize_requests_total", operation="PutEvents", outcome="ThrottlingException") == 1
    assert value("personalize_faults_total", operation="PutEvents", fault="throttle") == 1
    assert value("personalize_cache_look_ups_total", cache="filters", outcome="miss") == 0
    assert [bucket(le) for le in ("0.001", "0.25", "0.5", "1", "2.5", "+Inf")] == [1, 1, 2, 2, 2, 3]
    assert value("personalize_request_seconds_count", operation="PutEvents") == 3
    assert value("personalize_request_seconds_sum", operation="PutEvents") == pytest.approx(9.3007)
    assert value("personalize_events_stored", dataset_group='a"\\\n') == 3
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"):
        assert value(name) > 0
    assert "_created" not in page
