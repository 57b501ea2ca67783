"""Champion against challenger: the new version serves unless it is worse by more than chance explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ERROR_RATE = 0.05
"""How often a challenger that is as good as the champion may be turned away, over all comparisons of a verdict."""

TEST_USERS_SHARE = 0.1
"""Of the users are kept out of training to measure with: developer guide, "Evaluating a solution version"."""

RESOLUTION = 0.0001
"""GetSolutionMetrics tells four decimals."""

STANDARD_ERROR = "_standard_error"

WHOLE = "all"
"""In place of a slice's name: everybody that the versions were measured on."""

Side = Literal["champion", "challenger"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a version's quality.

    Attributes
    ----------
    version
        Its ARN, or where its model lies.
    metrics
        As GetSolutionMetrics tells them; a standard error under `<metric>_standard_error`, a slice under
        `<metric>_<slice>`, where the service knows them.
    users
        How many users with two interactions or more it was trained on; a tenth of them was tested with.
    """

    version: str
    metrics: Mapping[str, float]
    users: int


@dataclass(frozen=True, slots=True)
class Rules:
    """By what versions are compared.

    Attributes
    ----------
    metrics
        In the order in which they are looked for; the first that the champion has is compared.
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
        How much less than the champion's the challenger's may be by chance.
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
    """Which version is to serve, and why."""

    kept: Side
    reason: str
    comparisons: Sequence[Comparison] = ()


def judge(champion: Measured | None, challenger: Measured, rules: Rules) -> Verdict:
    """Compare the new version with the one that serves.

    The two were measured on users of their own, so the noise of a difference is that of both together. A service
    that tells no standard error is taken at the most that a mean of numbers between 0 and 1 can have: with mean m over
    n users, sqrt(m (1 - m) / n) (Bhatia and Davis 2000, "A better bound on the variance"). The limit is one-sided and
    shared out among the comparisons (Bonferroni).

    Parameters
    ----------
    champion
        What serves; None where nothing does.
    challenger
        What was trained now.
    rules
        What is compared.

    Returns
    -------
    Verdict
        The champion is kept where the challenger is worse beyond the noise, on the whole or in a slice, or does not
        tell what the champion tells.
    """
    if champion is None:
        return Verdict("challenger", "Nothing serves yet, so there is nothing to compare with.")
    metric = next((name for name in rules.metrics if _told(champion, name) is not None), None)
    if metric is None:
        told_none = f"the champion tells none of {', '.join(rules.metrics)}"
        return Verdict("challenger", f"The challenger serves, though there is no comparison: {told_none}.")
    if _told(challenger, metric) is None:
        return Verdict("champion", f"The champion stays, for the challenger does not tell {metric}, as it does.")
    comparisons = tuple(_comparisons(champion, challenger, metric, rules.slices))
    missing = [name for name in rules.slices if name not in {one.where for one in comparisons}]
    worse = [one for one in comparisons if one.is_worse]
    reason = _worse_in_words(metric, worse) if worse else _fine_in_words(metric, comparisons)
    if missing:
        reason += f" Not compared, since not both tell of it: {', '.join(missing)}."
    return Verdict("champion" if worse else "challenger", reason, comparisons)


def _comparisons(champion: Measured, challenger: Measured, metric: str, slices: Sequence[str]) -> Iterator[Comparison]:
    names = {WHOLE: metric} | {one: f"{metric}_{one}" for one in slices}
    pairs = {where: (_told(champion, name), _told(challenger, name)) for where, name in names.items()}
    told = {where: (old, new) for where, (old, new) in pairs.items() if old is not None and new is not None}
    deviations = NormalDist().inv_cdf(1 - ERROR_RATE / max(1, len(told)))
    for where, (old, new) in told.items():
        error = _error_of_difference(champion, challenger, names[where])
        yield Comparison(metric, where, old, new, deviations * error + RESOLUTION)


def _error_of_difference(champion: Measured, challenger: Measured, name: str) -> float:
    """Return the standard error of the difference of two means of independent samples."""
    sides = [(one, one.metrics[name], max(1.0, one.users * TEST_USERS_SHARE)) for one in (champion, challenger)]
    # Were both the same, this would be their mean; a side's own would make one that found nothing seem sure of it.
    pooled = sum(mean * users for _, mean, users in sides) / sum(users for *_, users in sides)
    most = max(0.0, pooled * (1 - pooled))
    told = [(_told(one, f"{name}{STANDARD_ERROR}"), users) for one, _, users in sides]
    # An error of 0 is that of users who all fared alike, which says nothing of how others would.
    return math.sqrt(sum(error**2 if error else most / users for error, users in told))


def _told(version: Measured, name: str) -> float | None:
    value = version.metrics.get(name)
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _worse_in_words(metric: str, worse: Sequence[Comparison]) -> str:
    parts = [
        f"{_where(one)} {one.challenger:.4f} against {one.champion:.4f}, more than the noise of {one.noise:.4f}"
        for one in worse
    ]
    return f"The champion stays, for the challenger is worse in {metric}: {'; '.join(parts)}."


def _fine_in_words(metric: str, comparisons: Sequence[Comparison]) -> str:
    parts = [f"{_where(one)} {one.challenger:.4f} against {one.champion:.4f} ± {one.noise:.4f}" for one in comparisons]
    return f"The challenger serves, for it is not worse in {metric} beyond the noise: {'; '.join(parts)}."


def _where(comparison: Comparison) -> str:
    return "on the whole" if comparison.where == WHOLE else f"among {comparison.where}"
