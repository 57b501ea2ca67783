"""The outcomes that the stages count in CloudWatch, which the dashboard shows and the alarms watch."""

from __future__ import annotations

import json

from backend.contract.accounting.outcomes import METERED, UNACCOUNTED


def outcomes() -> str:
    """Return the names of the metrics of each stage: received records, outcomes, and unaccounted records."""
    stages = {stage.name: [stage.received, *stage.outcomes, UNACCOUNTED] for stage in METERED}
    return json.dumps(stages, indent=2) + "\n"
