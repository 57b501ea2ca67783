"""The states of the training workflow, rendered from Terraform's template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deployment.check.state_machines import render

_MODULE = Path(__file__).resolve().parents[2] / "infrastructure/modules/recommender"
TEMPLATE = _MODULE / "state-machines/train.asl.json.tftpl"


def train_states(**values: str) -> dict[str, Any]:
    """Return the workflow's states; `values` are the texts of the template's variables, samples by default."""
    states: dict[str, Any] = json.loads(render(TEMPLATE.read_text(encoding="utf-8"), **values))["States"]
    return states


def workflow(states: dict[str, Any], start: str | None = None) -> str:
    """Return the definition of a workflow in JSONata that starts at its first state or at another."""
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": start or next(iter(states)), "States": states})
