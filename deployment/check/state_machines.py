"""Render the state machines with sample values, for the linter: `python -m deployment.check.state_machines FOLDER`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A placeholder inside a JSON string is replaced by text; one outside is replaced by JSON.
_IN_A_STRING = "sample"
_ALONE = {
    "configuration": '{"datasets": [], "filters": [], "solutions": []}',
    "dynamodb_retry": "[]",
    "effect_seconds": "3",
    "events_retry": "[]",
    "glue_retry": "[]",
    "lambda_retry": "[]",
    "personalize_retry": "[]",
    "runtime_retry": "[]",
    "s3_retry": "[]",
    "sfn_retry": "[]",
    "ssm_retry": "[]",
    "sagemaker": "{}",
    "poll_seconds": "60",
    "published_filters": '"[]"',
    "timeout_seconds": "7200",
    "training_days": "365",
    "is_popular_served": "true",
    "tags": '[{"TagKey": "Project", "TagValue": "sample"}]',
    "wait_seconds": "{% $poll_seconds %}",
}
_PARTITION = "aws"


def render(template: str, **values: str) -> str:
    """Return the JSON definition with a value for every placeholder of Terraform, a sample if none is given.

    The result is JSON; otherwise a ValueError is raised.
    """

    def value(placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        return values.get(name) or (_PARTITION if name == "partition" else _ALONE.get(name, _IN_A_STRING))

    rendered = re.sub(r"\$\{(\w+)\}", value, template)
    json.loads(rendered)
    return rendered


def main() -> int:
    """Write `<name>.asl.json` for every template of the project into a folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    templates = sorted((ROOT / "infrastructure").rglob("*.asl.json.tftpl"))
    for template in templates:
        rendered = render(template.read_text(encoding="utf-8"))
        (folder / template.name.removesuffix(".tftpl")).write_text(rendered, encoding="utf-8")
    return 0 if templates else 1


if __name__ == "__main__":
    sys.exit(main())
