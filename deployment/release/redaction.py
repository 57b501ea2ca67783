"""The readable text of a plan, without sensitive values."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

# Text for a value that Terraform marks as sensitive, or that is not known before the apply.
SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"

# Names of attributes whose values are hidden even where a provider does not mark them.
_SECRET_NAME = re.compile(r"password|passphrase|secret|private_key|api_key|token", re.IGNORECASE)
_CREDENTIAL = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_VALUE_CHARACTERS = 120
# A comment on GitHub has at most 65,536 characters, of which the cost and a heading take some.
_TEXT_CHARACTERS = 50_000

# The first character of a line selects its colour in a block of differences.
_SIGNS = {("create",): "+", ("delete",): "-"}


def summarize(plan: dict[str, Any]) -> str:
    """Return Markdown: counts, then each changed resource with its changed attributes, values redacted.

    Parameters
    ----------
    plan
        As ``terraform show -json`` prints it.
    """
    changes = [change for change in plan.get("resource_changes", []) if is_change(change)]
    outputs = {name: change for name, change in plan.get("output_changes", {}).items() if is_change({"change": change})}
    if not changes and not outputs:
        return "No changes.\n"
    lines = [line for change in changes for line in describe(change)]
    for name, change in outputs.items():
        lines += describe({"address": f"output.{name}", "change": change})
    text = "\n".join(lines)
    if len(text) > _TEXT_CHARACTERS:
        text = text[:_TEXT_CHARACTERS].rpartition("\n")[0] + "\n… shortened: the changes above are not all"
    # A fence longer than any in the values, so that none of them ends the block.
    fence = "`" * (1 + max([2, *map(len, re.findall(r"`+", text))]))
    return f"{_counts(changes)}\n\n{fence}diff\n{text}\n{fence}\n"


def is_change(change: dict[str, Any]) -> bool:
    """Return whether the plan changes the resource; reading a data source is none."""
    return change["change"]["actions"] not in (["no-op"], ["read"])


def describe(change: dict[str, Any]) -> list[str]:
    """Return the lines of one change: its address, and an attribute a line."""
    actions = tuple(change["change"]["actions"])
    before, after = change["change"].get("before"), change["change"].get("after")
    hidden = [change["change"].get("before_sensitive", False), change["change"].get("after_sensitive", False)]
    unknown = change["change"].get("after_unknown", False)
    lines = [f"{_SIGNS.get(actions, '!')} {change['address']}" + (" (replaced)" if len(actions) > 1 else "")]
    if not isinstance(before, dict) and not isinstance(after, dict):
        return [f"{lines[0]}: {_shown(before, hidden[0])} → {_shown(after, hidden[1], unknown)}"]
    names = sorted({*(before or {}), *(after or {}), *(unknown if isinstance(unknown, dict) else {})})
    for name in names:
        old, new = (before or {}).get(name), (after or {}).get(name)
        is_unknown = bool(_part(unknown, name))
        if (old == new and not is_unknown) or (after is None):
            continue
        hidden_parts = [True if _SECRET_NAME.search(name) else _part(mark, name) for mark in hidden]
        value = _shown(new, hidden_parts[1], _part(unknown, name))
        lines.append(
            f"    {name}: {value}" if before is None else f"    {name}: {_shown(old, hidden_parts[0])} → {value}"
        )
    return lines


def _part(mark: Any, name: str) -> Any:
    return mark.get(name, False) if isinstance(mark, dict) else mark


def _shown(value: Any, is_hidden: Any, unknown: Any = False) -> str:
    if is_hidden is True:
        return SENSITIVE
    if unknown is True:
        return UNKNOWN
    text = _CREDENTIAL.sub(SENSITIVE, json.dumps(_hide(value, is_hidden), ensure_ascii=False))
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}…"


def _hide(value: Any, mark: Any) -> Any:
    """Replace the marked parts of a value, and those with the name of a secret, in JSON texts too."""
    if mark is True:
        return SENSITIVE
    if isinstance(value, dict):
        return {
            name: SENSITIVE
            if _SECRET_NAME.search(name) and not isinstance(inner, bool)
            else _hide(inner, _part(mark, name))
            for name, inner in value.items()
        }
    if isinstance(value, list):
        marks = mark if isinstance(mark, list) and len(mark) == len(value) else [mark is True] * len(value)
        return [_hide(inner, part) for inner, part in zip(value, marks, strict=True)]
    if isinstance(value, str) and value[:1] in "{[":
        try:
            inner = json.loads(value)
        except ValueError:
            return value
        return json.dumps(_hide(inner, False), ensure_ascii=False)
    return value


def _counts(changes: list[dict[str, Any]]) -> str:
    counted: Counter[str] = Counter()
    for change in changes:
        actions = change["change"]["actions"]
        counted[
            "replaced" if len(actions) > 1 else {"create": "created", "delete": "deleted"}.get(actions[0], "changed")
        ] += 1
    listed = [f"{counted[name]} {name}" for name in ("created", "changed", "replaced", "deleted") if counted[name]]
    return f"**{', '.join(listed) or 'Outputs only'}**"
