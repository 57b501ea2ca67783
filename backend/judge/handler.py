"""Lambda entry of the judge: the state machine asks it between training and deploying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from backend.judge.answer import answer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_metrics = Metrics()


@_metrics.log_metrics
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda gives it
    """Say which version is to serve.

    Parameters
    ----------
    event
        What `answer_of` takes.
    context
        Lambda context, not used.

    Returns
    -------
    dict
        What `answer_of` returns.
    """
    answer = answer_of(event)
    _metrics.add_metric(f"kept_{answer['kept']}", MetricUnit.Count, 1)
    drifted = answer["drift"]["found"]
    _metrics.add_metric("drift_found", MetricUnit.Count, int(drifted))
    _metrics.add_metric("champion_outdated", MetricUnit.Count, int(drifted and answer["kept"] == "champion"))
    return answer
