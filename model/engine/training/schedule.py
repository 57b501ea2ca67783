"""When something is due by the engine's clock, whose hours are as long as its pace says."""

from __future__ import annotations

HOURS_PER_DAY = 24
FIRST_TRAINING_HOURS = 1  # API reference, CreateSolution: "within one hour after the solution is ACTIVE"
RECOMMENDER_DAYS = 7  # developer guide, "Domain recommenders": retrained every 7 days
# Developer guide, "Automatic updates", and the page of the Semantic-Similarity recipe.
NEW_ITEMS_HOURS, INCREMENTAL_HOURS = 2.0, 0.5


def training_is_due(
    now: float, since: float, begun: list[float], *, days: int, hour_seconds: float, skipped: float = 0.0
) -> bool:
    """Tell whether a solution is to be trained by itself (developer guide, "Configuring automatic training").

    The first training comes an hour after the start, unless one was begun by hand meanwhile. Any later one comes
    a period after the latest, whoever began it, or after the latest that was skipped.

    Parameters
    ----------
    now : float
        Epoch seconds.
    since : float
        When automatic training was switched on.
    begun : list of float
        When the solution's versions were created, whoever created them.
    days : int
        The period.
    hour_seconds : float
        How long an hour lasts.
    skipped : float
        When a training was due and left out for want of new data; 0 for never.
    """
    later = [moment for moment in (*begun, skipped) if moment >= since]
    if not later:
        return now >= since + FIRST_TRAINING_HOURS * hour_seconds
    return now >= max(later) + days * HOURS_PER_DAY * hour_seconds
