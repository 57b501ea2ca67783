"""Each alarm fires on what it watches, and on silence where silence is the failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.watch.cloudwatch import EXTRA_PERIODS, Value, alarm_state, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

Alarms = dict[str, dict[str, Any]]

SIGNS_OF_LIFE = {"canary", "curation-overdue", "no-events", "no-files", "no-requests", "training-overdue"}

# Of alarms on an expression: values in a period with the failure, and without.
SHARES: Mapping[str, tuple[Mapping[str, Value], Mapping[str, Value]]] = {
    "delivery-failed": ({"events": 1, "served_lists": 0.5}, {"events": 1, "served_lists": 1}),
    "conversion-failed": ({"served_lists": 1}, {"events": 0, "served_lists": 0}),
    "served-lists-lost": ({"answers": 100, "lost": 6}, {"answers": 100, "lost": 5}),
    "tracker-failed": ({"failed": 6, "calls": 10}, {"failed": 5, "calls": 10}),
    "stand-ins": (
        {"answers": 30, "cache": 10, "last_good": 1, "popular": 1},
        {"answers": 30, "cache": 10, "last_good": 1},
    ),
    "campaigns-failed": ({"popular_4xxErrors": 3, "ranking_5xxErrors": 3}, {"popular_4xxErrors": 5}),
    "tables-throttled": ({"history_write": 1}, {"history_write": 0}),
    "authorise-errors": ({"errors": 4, "expected": 3}, {"errors": 3, "expected": 3}),
    "collect-bad-rows-waiting": ({"visible": 0, "hidden": 1}, {"visible": 0, "hidden": 0}),
}


def failing(name: str, alarm: Mapping[str, Any]) -> Mapping[str, Value]:
    if name in SHARES:
        return SHARES[name][0]
    return {} if name in SIGNS_OF_LIFE else {"value": alarm["threshold"] + 1}


def healthy(name: str, alarm: Mapping[str, Any]) -> Mapping[str, Value]:
    return SHARES[name][1] if name in SHARES else {"value": alarm["threshold"]}


def test_every_alarm_fires_on_its_failure_and_is_fine_without(alarms: Alarms) -> None:
    states = {}
    for name, alarm in alarms.items():
        long = alarm["evaluation_periods"] + EXTRA_PERIODS
        bad, good = [failing(name, alarm)], [healthy(name, alarm)]
        needed = alarm["datapoints_to_alarm"]
        states[name] = (
            alarm_state(alarm, good * long + bad * long),
            alarm_state(alarm, good * long + bad * (needed - 1)),
            alarm_state(alarm, good * long),
            alarm_state(alarm, bad * long + good * long),
        )
    assert states == dict.fromkeys(alarms, ("ALARM", "OK", "OK", "OK"))


def test_silence_fires_the_signs_of_life_and_nothing_else(alarms: Alarms) -> None:
    silent = {name for name, alarm in alarms.items() if alarm_state(alarm, [{}] * 200) == "ALARM"}
    assert silent == SIGNS_OF_LIFE


def test_a_sign_of_life_survives_a_pause_that_is_shorter_than_its_time(alarms: Alarms) -> None:
    for name in SIGNS_OF_LIFE:
        periods, enough = alarms[name]["evaluation_periods"], {"value": alarms[name]["threshold"]}
        assert alarm_state(alarms[name], [enough] + [{}] * (periods - 1)) == "OK", name
        assert alarm_state(alarms[name], [enough] + [{}] * (periods + EXTRA_PERIODS)) == "ALARM", name


def test_the_canarys_own_requests_are_no_sign_of_callers(alarms: Alarms) -> None:
    # Three requests a run, and a period has one run or two.
    assert alarm_state(alarms["no-requests"], [{"value": 3}, {"value": 6}] * 10) == "ALARM"
    assert alarm_state(alarms["no-requests"], [{"value": 3}, {"value": 7}] * 10) == "OK"


def test_a_fresh_failure_fires_within_a_quarter_of_an_hour(alarms: Alarms) -> None:
    counts = {name: alarm for name, alarm in alarms.items() if name not in SIGNS_OF_LIFE}
    late = {name for name, alarm in counts.items() if _period(alarm) * alarm["datapoints_to_alarm"] > 900}
    # The judge measures the first two once per training; the last is of an hour.
    assert late == {"model-old", "accuracy-falls", "queries-scan"}


def test_a_few_answers_do_not_make_a_share(alarms: Alarms) -> None:
    assert alarm_state(alarms["stand-ins"], [{"answers": 9, "last_good": 9}] * 5) == "OK"
    assert alarm_state(alarms["stand-ins"], [{"answers": 10, "last_good": 10}] * 5) == "ALARM"


def _period(alarm: Mapping[str, Any]) -> int:
    periods: list[int] = [query["metric"][0]["period"] for query in alarm["metric_query"] if query["metric"]]
    return alarm["period"] or max(periods)


# The table of AWS's page, for three periods: data, and the state where missing data are breaching or not.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
@pytest.mark.parametrize(
    ("data", "breaching", "not_breaching"),
    [
        ("0 - X - X", "OK", "OK"),
        ("- - - - 0", "OK", "OK"),
        ("- - - - -", "ALARM", "OK"),
        ("0 X X - X", "ALARM", "ALARM"),
        ("- - X - -", "ALARM", "OK"),
    ],
)
def test_missing_data_are_treated_as_amazons_page_shows(data, breaching, not_breaching):
    points = [{"value": {"0": 0.0, "X": 1.0, "-": None}[point]} for point in data.split()]
    states = [
        alarm_state(
            {
                "evaluation_periods": 3,
                "datapoints_to_alarm": 3,
                "threshold": 0,
                "comparison_operator": "GreaterThanThreshold",
                "treat_missing_data": treatment,
                "metric_query": [],
            },
            points,
        )
        for treatment in ("breaching", "notBreaching")
    ]
    assert states == [breaching, not_breaching]


def test_metric_math_is_missing_where_data_are_unless_they_are_filled():
    assert evaluate("100 * a / b", {"a": 1, "b": 4}) == 25
    assert evaluate("100 * a / b", {"a": 1}) is None
    assert evaluate("a / b", {"a": 1, "b": 0}) is None
    assert evaluate("FILL(a, 0) + FILL(b, 0)", {"b": 2}) == 2
