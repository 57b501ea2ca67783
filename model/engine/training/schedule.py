"""When automatic trainings are due by the engine's clock, whose pace sets the length of an hour."""

from __future__ import annotations

HOURS_PER_DAY = 24
FIRST_TRAINING_HOURS = 1  # API reference, CreateSolution: "within one hour after the solution is ACTIVE"
RECOMMENDER_DAYS = 7  # developer guide, "Domain recommenders": retrained every 7 days
# Developer guide, "Automatic updates", and the page of the Semantic-Similarity recipe.
NEW_ITEMS_HOURS, INCREMENTAL_HOURS = 2.0, 0.5


def training_is_due(
    now: float, since: float, begun: list[float], *, days: int, hour_seconds: float, skipped: float = 0.0
) -> bool:
    """Return whether an automatic training is due (developer guide, "Configuring automatic training").

    The first training is due an hour after the start, unless a manual one has started meanwhile. Each later one is due
    a period after the latest training, automatic, manual or skipped.

    Parameters
    ----------
    now : float
        Epoch seconds.
    since : float
        When automatic training was switched on.
    begun : list of float
        When the solution's versions were created, automatically or manually.
    hour_seconds : float
        Length of an hour.
    skipped : float
        When a due training was skipped because there was no new data; 0 for never.
    """
    later = [moment for moment in (*begun, skipped) if moment >= since]
    if not later:
        return now >= since + FIRST_TRAINING_HOURS * hour_seconds
    return now >= max(later) + days * HOURS_PER_DAY * hour_seconds
