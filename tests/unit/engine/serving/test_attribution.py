"""Metric attribution: how events become sums by metric, source and quarter of an hour."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.datasets.avro_schema import read_schema
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError
from model.engine.serving.attribution import (
    BUCKET_SECONDS,
    UNDEFINED,
    Attribution,
    Metric,
    Sample,
    check_metric,
    measure,
    read_metric,
    report,
    source_of,
)
from tests.factories.shop_stream import START, schema_text

SCHEMAS = {"ITEMS": read_schema(schema_text("Items")), "INTERACTIONS": read_schema(schema_text("Interactions"))}
CLICKS = Metric("clicks", "Click")
SALES = Metric("sales", "Buy", "ITEMS", "PRICE")


def sample(event_type="Click", source="a", time=START, interaction=None, item=None):
    return Sample(event_type, source, time, interaction or {}, item or {})


@pytest.mark.parametrize(
    ("expression", "metric"),
    [
        ("SAMPLECOUNT()", Metric("m", "Buy")),
        ("SUM(Items.PRICE)", Metric("m", "Buy", "ITEMS", "PRICE")),
        ("sum( interactions.EVENT_VALUE )", Metric("m", "Buy", "INTERACTIONS", "EVENT_VALUE")),
    ],
)
def test_an_expression_is_read_as_a_metric(expression, metric):
    found = read_metric({"metricName": "m", "eventType": "Buy", "expression": expression})

    assert found == metric
    check_metric(found, SCHEMAS)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("AVG(Items.PRICE)", "must be SUM"),
        ("SUM(Users.AGE)", "must be SUM"),
        ("SUM(Items.COST)", "Items.COST is not in the schema"),
        ("SUM(Items.CATEGORY)", "Items.CATEGORY is of type string"),
    ],
)
def test_an_expression_that_cannot_be_summed_is_refused(expression, reason):
    with pytest.raises(InvalidInputError, match=reason):
        check_metric(read_metric({"metricName": "m", "eventType": "Buy", "expression": expression}), SCHEMAS)


def test_a_column_of_a_missing_dataset_is_refused():
    with pytest.raises(InvalidInputError, match="no such dataset"):
        check_metric(SALES, {})


def test_the_source_of_an_event_is_the_stated_one_then_the_recommenders_then_none():
    assert source_of("third party", "campaign") == "third party"
    assert source_of(None, "campaign") == "campaign"
    assert source_of(None, None) == UNDEFINED


def test_events_are_summed_by_metric_source_and_quarter_of_an_hour():
    begin = START - START % BUCKET_SECONDS
    samples = [
        sample(time=begin),
        sample("CLICK", time=begin + BUCKET_SECONDS - 1),
        sample(time=begin + BUCKET_SECONDS),
        sample(source="b", time=begin),
        sample("Buy", item={"PRICE": 9.5}, time=begin),
        sample("Buy", item={"PRICE": None}, time=begin),
        sample("View", time=begin),
    ]

    totals = measure([CLICKS, SALES], samples)

    assert totals == {
        (CLICKS, "a", begin): 2.0,
        (CLICKS, "a", begin + BUCKET_SECONDS): 1.0,
        (CLICKS, "b", begin): 1.0,
        (SALES, "a", begin): 9.5,
    }


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5 * BUCKET_SECONDS), st.integers(0, 100))))
def test_nothing_is_lost_between_buckets_and_sources(events):
    values = Metric("value", "Click", "INTERACTIONS", "EVENT_VALUE")
    samples = [sample(source=source, time=time, interaction={"EVENT_VALUE": value}) for source, time, value in events]

    totals = measure([CLICKS, values], samples)

    assert sum(total for (metric, _, _), total in totals.items() if metric is CLICKS) == len(events)
    assert sum(total for (metric, _, _), total in totals.items() if metric is values) == sum(
        event[2] for event in events
    )


def test_a_report_has_the_documented_columns_latest_first():
    text = report({(CLICKS, "arn:a", 900): 12.0, (SALES, "arn:b", 1800): 19.0})

    assert list(csv.reader(io.StringIO(text))) == [
        ["METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP"],
        ["sales", "Buy", "19.0", "sum", "arn:b", "1800"],
        ["clicks", "Click", "12.0", "samplecount", "arn:a", "900"],
    ]


def test_events_older_than_a_fortnight_are_skipped():
    attribution = Attribution([CLICKS])

    attribution.add([sample(time=START - limits.ATTRIBUTION_AGE_SECONDS), sample(time=START)], now=START)

    assert attribution.values() == [(CLICKS, "a", 1.0)]


def test_sources_beyond_the_hundredth_are_counted_as_undefined():
    attribution = Attribution([CLICKS])
    for place in range(limits.ATTRIBUTION_SOURCES + 5):
        attribution.add([sample(source=f"source-{place}")], now=START)

    values = {source: value for _, source, value in attribution.values()}

    assert len(values) == limits.ATTRIBUTION_SOURCES + 1
    assert values[UNDEFINED] == 5.0


def test_new_metrics_keep_the_sums_of_those_that_remain():
    attribution = Attribution([CLICKS, SALES])
    attribution.add([sample(), sample("Buy", item={"PRICE": 2})], now=START)

    attribution.set_metrics([CLICKS])
    attribution.add([sample(), sample("Buy", item={"PRICE": 2})], now=START)

    assert attribution.values() == [(CLICKS, "a", 2.0)]
