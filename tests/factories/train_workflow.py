"""The states of the training workflow, rendered from Terraform's template."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_MODULE = Path(__file__).resolve().parents[2] / "infrastructure/modules/recommender"
TEMPLATE = _MODULE / "state-machines/train.asl.json.tftpl"

_RETRIES = ("glue_retry", "lambda_retry", "personalize_retry", "s3_retry", "ssm_retry")
_VALUES = dict.fromkeys(_RETRIES, "[]") | {
    "configuration": "{}",
    "partition": "aws",
    "poll_seconds": "1",
    "sagemaker": "{}",
    "training_days": "null",
}


def train_states(**values: str) -> dict[str, Any]:
    """Return the workflow's states; `values` are JSON or text of the template's variables, text by default."""
    known = _VALUES | values
    text = re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], "sample"), TEMPLATE.read_text(encoding="utf-8"))
    states: dict[str, Any] = json.loads(text)["States"]
    return states


def workflow(states: dict[str, Any], start: str | None = None) -> str:
    """Return the definition of a workflow in JSONata that starts at its first state or at another."""
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": start or next(iter(states)), "States": states})
