"""Lambda entry of the judge, which the state machine invokes between training and deployment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from backend.judge.decision import decide
from backend.judge.gauges import accuracy_drop_percent, model_age_hours

if TYPE_CHECKING:
    from collections.abc import Mapping

_metrics = Metrics()


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda gives it
    """Return the version to serve, with the event and the result of `decide`."""
    decision = decide(event)
    _metrics.add_metric(f"kept_{decision['kept']}", MetricUnit.Count, 1)
    has_drifted = decision["drift"]["found"]
    _metrics.add_metric("drift_found", MetricUnit.Count, int(has_drifted))
    _metrics.add_metric("champion_outdated", MetricUnit.Count, int(has_drifted and decision["kept"] == "champion"))
    if (hours := model_age_hours(event, decision, datetime.now(UTC))) is not None:
        _metrics.add_metric("model_age_hours", MetricUnit.NoUnit, hours)
    if (drop := accuracy_drop_percent(decision)) is not None:
        _metrics.add_metric("accuracy_drop_percent", MetricUnit.Percent, drop)
    return decision
