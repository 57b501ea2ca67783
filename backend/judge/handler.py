"""Lambda entry of the judge, which the state machine invokes between training and deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from backend.judge.decision import decide

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
    return decision
