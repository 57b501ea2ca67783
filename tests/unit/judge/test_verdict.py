"""Champion against challenger."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from backend.judge.verdict import MeasuredVersion, Rules, judge
from tests.factories.lambda_events import GAIN

RULES = Rules((GAIN, "coverage"), ("new_users",))


def version(
    name: str, gain: float | None, error: float | None = 0.01, users: int = 1000, **more: float
) -> MeasuredVersion:
    metrics = {GAIN: gain, f"{GAIN}_standard_error": error, **{f"{GAIN}_{key}": value for key, value in more.items()}}
    return MeasuredVersion(name, {key: value for key, value in metrics.items() if value is not None}, users)


def test_where_nothing_serves_the_challenger_does():
    verdict = judge(None, version("new", 0.0), RULES)

    assert (verdict.kept, verdict.comparisons) == ("challenger", ())
    assert "serves as the first version" in verdict.reason


def test_metrics_that_count_other_hits_are_not_compared():
    old, new = version("old", 0.4), version("new", 0.1)
    new = replace(new, metrics={**new.metrics, "repeats_count": 0.0})

    verdict = judge(old, new, RULES)

    assert (verdict.kept, verdict.comparisons) == ("challenger", ())
    assert "one of the versions only" in verdict.reason


@pytest.mark.parametrize(("gain", "kept"), [(0.30, "challenger"), (0.19, "challenger"), (0.15, "champion")])
def test_a_challenger_serves_unless_it_is_worse_beyond_the_noise(gain, kept):
    # Given standard errors of 0.01 each, so 0.0141 together and a limit of 1.645 times that
    verdict = judge(version("old", 0.2), version("new", gain), RULES)

    assert verdict.kept == kept
    assert verdict.comparisons[0].noise == pytest.approx(1.6449 * math.hypot(0.01, 0.01), abs=2e-4)
    assert verdict.reason.startswith({"champion": "The champion stays", "challenger": "The challenger serves"}[kept])
    assert f"{gain:.4f} against 0.2000" in verdict.reason


def test_a_slice_that_got_worse_keeps_the_champion_though_the_whole_got_better():
    old = version("old", 0.2, new_users=0.15, new_users_standard_error=0.01)
    new = version("new", 0.25, new_users=0.05, new_users_standard_error=0.01)

    verdict = judge(old, new, RULES)

    assert verdict.kept == "champion"
    assert "among new_users 0.0500 against 0.1500" in verdict.reason
    assert "overall" not in verdict.reason
    assert [comparison.where for comparison in verdict.comparisons] == ["all", "new_users"]


def test_more_comparisons_widen_the_limit_of_each():
    alone = judge(version("old", 0.2), version("new", 0.2), RULES).comparisons[0]
    among = judge(version("old", 0.2, new_users=0.2), version("new", 0.2, new_users=0.2), RULES).comparisons[0]

    assert among.noise > alone.noise


def test_without_a_standard_error_the_number_of_users_bounds_the_noise():
    # Given a tenth of 1,000 users on either side, and means of 0.2 and 0.13
    few = judge(version("old", 0.2, None), version("new", 0.13, None), RULES)
    many = judge(version("old", 0.2, None, 100_000), version("new", 0.13, None, 100_000), RULES)

    assert few.comparisons[0].noise == pytest.approx(1.6449 * math.sqrt(0.165 * 0.835 / 100 * 2), abs=2e-4)
    assert (few.kept, many.kept) == ("challenger", "champion")


def test_a_challenger_with_a_mean_of_zero_has_noise():
    verdict = judge(version("old", 0.02, None, 100), version("new", 0.0, None, 100), RULES)

    assert verdict.kept == "challenger"


@pytest.mark.parametrize("gain", [None, math.nan])
def test_a_challenger_that_lacks_the_champions_metric_does_not_serve(gain):
    verdict = judge(version("old", 0.2), version("new", gain), RULES)

    assert verdict.kept == "champion"
    assert f"has no {GAIN}" in verdict.reason


def test_a_recipe_with_other_metrics_is_not_compared():
    verdict = judge(MeasuredVersion("old", {"hit": 0.5}, 100), MeasuredVersion("new", {"hit": 0.1}, 100), RULES)

    assert verdict.kept == "challenger"
    assert "without a comparison" in verdict.reason


def test_a_slice_that_only_one_version_measures_is_named():
    verdict = judge(version("old", 0.2), version("new", 0.2, new_users=0.1), RULES)

    assert "Not compared, since one version has no figures: new_users" in verdict.reason


def test_a_standard_error_of_zero_is_replaced():
    verdict = judge(version("old", 0.05, 0.0, 300), version("new", 0.0, 0.0, 300), RULES)

    assert verdict.kept == "challenger"
