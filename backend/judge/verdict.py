"""Champion against challenger: the new version serves unless it is significantly worse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ERROR_RATE = 0.05
"""Probability of rejecting a challenger that is as good as the champion, over all comparisons of a verdict."""

TEST_USERS_SHARE = 0.1
"""Share of the users that are held out for measurement: developer guide, "Evaluating a solution version"."""

RESOLUTION = 0.0001
"""GetSolutionMetrics returns four decimals."""

STANDARD_ERROR = "_standard_error"

REPEATS_COUNT = "repeats_count"
"""Metric of Rivulet's engine: 1 where items that a user had interacted with before count as hits, else 0."""

WHOLE = "all"
"""In place of a slice's name: all users that the versions were measured on."""

Side = Literal["champion", "challenger"]


@dataclass(frozen=True, slots=True)
class MeasuredVersion:
    """A version and its metrics.

    Attributes
    ----------
    version
        Its ARN, or the location of its model.
    metrics
        As GetSolutionMetrics returns them, with `<metric>_standard_error` and `<metric>_<slice>` where the service
        measures them.
    users
        Users with two interactions or more in the training data; a tenth of them was held out.
    """

    version: str
    metrics: Mapping[str, float]
    users: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The metrics and slices to compare.

    Attributes
    ----------
    metrics
        In order of preference; the first that the champion has is compared.
    slices
        Groups of users in which the challenger must not be worse either.
    """

    metrics: Sequence[str]
    slices: Sequence[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of both versions, the higher the better.

    Attributes
    ----------
    where
        The slice, or `WHOLE`.
    noise
        How far the challenger's value may be below the champion's by chance.
    """

    metric: str
    where: str
    champion: float
    challenger: float
    noise: float

    @property
    def is_worse(self) -> bool:
        """Whether the challenger is worse by more than the noise."""
        return self.champion - self.challenger > self.noise


@dataclass(frozen=True, slots=True)
class Verdict:
    """The version to serve, and the reason."""

    kept: Side
    reason: str
    comparisons: Sequence[Comparison] = ()


def judge(champion: MeasuredVersion | None, challenger: MeasuredVersion, rules: Rules) -> Verdict:
    """Compare the new version with the serving one.

    The two were measured on different users, so the noise of a difference combines that of both. A missing standard
    error is replaced by the largest that a mean m of numbers between 0 and 1 over n users can have, sqrt(m (1 - m) / n)
    (Bhatia and Davis 2000, "A better bound on the variance"). The limit is one-sided and divided among the comparisons
    (Bonferroni).

    Returns
    -------
    Verdict
        The champion is kept where the challenger is worse beyond the noise, overall or in a slice, or lacks the
        champion's metric. Metrics that count other hits are not compared.
    """
    if champion is None:
        return Verdict("challenger", "The challenger serves as the first version: none served before it.")
    if champion.metrics.get(REPEATS_COUNT) != challenger.metrics.get(REPEATS_COUNT):
        other_hits = "hits include items that the user had interacted with in one of the versions only"
        return Verdict("challenger", f"The challenger serves without a comparison: {other_hits}.")
    metric = next((name for name in rules.metrics if _metric(champion, name) is not None), None)
    if metric is None:
        missing_metrics = f"the champion has none of {', '.join(rules.metrics)}"
        return Verdict("challenger", f"The challenger serves without a comparison: {missing_metrics}.")
    if _metric(challenger, metric) is None:
        return Verdict("champion", f"The champion stays, since the challenger has no {metric}.")
    comparisons = tuple(_comparisons(champion, challenger, metric, rules.slices))
    missing = [name for name in rules.slices if name not in {comparison.where for comparison in comparisons}]
    worse = [comparison for comparison in comparisons if comparison.is_worse]
    reason = _describe_worse(metric, worse) if worse else _describe_not_worse(metric, comparisons)
    if missing:
        reason += f" Not compared, since one version has no figures: {', '.join(missing)}."
    return Verdict("champion" if worse else "challenger", reason, comparisons)


def _comparisons(
    champion: MeasuredVersion, challenger: MeasuredVersion, metric: str, slices: Sequence[str]
) -> Iterator[Comparison]:
    names = {WHOLE: metric} | {name: f"{metric}_{name}" for name in slices}
    pairs = {where: (_metric(champion, name), _metric(challenger, name)) for where, name in names.items()}
    both = {where: (old, new) for where, (old, new) in pairs.items() if old is not None and new is not None}
    deviations = NormalDist().inv_cdf(1 - ERROR_RATE / max(1, len(both)))
    for where, (old, new) in both.items():
        error = _error_of_difference(champion, challenger, names[where])
        yield Comparison(metric, where, old, new, deviations * error + RESOLUTION)


def _error_of_difference(champion: MeasuredVersion, challenger: MeasuredVersion, name: str) -> float:
    """Return the standard error of the difference of two means of independent samples."""
    sides = [
        (version, version.metrics[name], max(1.0, version.users * TEST_USERS_SHARE))
        for version in (champion, challenger)
    ]
    # The mean of both under the null hypothesis; a version's own mean of 0 would have no variance at all.
    pooled = sum(mean * users for _, mean, users in sides) / sum(users for *_, users in sides)
    largest_variance = max(0.0, pooled * (1 - pooled))
    errors = [(_metric(version, f"{name}{STANDARD_ERROR}"), users) for version, _, users in sides]
    # An error of 0 means that all test users had the same value, which does not bound the variance of others.
    return math.sqrt(sum(error**2 if error else largest_variance / users for error, users in errors))


def _metric(version: MeasuredVersion, name: str) -> float | None:
    value = version.metrics.get(name)
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _describe_worse(metric: str, worse: Sequence[Comparison]) -> str:
    parts = [f"{_describe(comparison)}, more than the noise of {comparison.noise:.4f}" for comparison in worse]
    return f"The champion stays, since the challenger is worse in {metric}: {'; '.join(parts)}."


def _describe_not_worse(metric: str, comparisons: Sequence[Comparison]) -> str:
    parts = [f"{_describe(comparison)} ± {comparison.noise:.4f}" for comparison in comparisons]
    return f"The challenger serves, since it is not worse in {metric} beyond the noise: {'; '.join(parts)}."


def _describe(comparison: Comparison) -> str:
    where = "overall" if comparison.where == WHOLE else f"among {comparison.where}"
    return f"{where} {comparison.challenger:.4f} against {comparison.champion:.4f}"
