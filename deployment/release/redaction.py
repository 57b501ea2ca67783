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
_CONTEXT_CHARACTERS = 40
# A comment on GitHub has at most 65,536 characters, of which the cost and a heading take some.
_TEXT_CHARACTERS = 50_000

_EMPTY: tuple[Any, ...] = (None, "", [], {})

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


def differs(old: Any, new: Any) -> bool:
    """Return whether two values differ; null and empty ones do not, between which providers do not distinguish."""
    return bool(old != new and not (old in _EMPTY and new in _EMPTY))


def describe(change: dict[str, Any]) -> list[str]:
    """Return the lines of one change: its address, and an attribute a line."""
    actions = tuple(change["change"]["actions"])
    before, after = change["change"].get("before"), change["change"].get("after")
    hidden = [change["change"].get("before_sensitive", False), change["change"].get("after_sensitive", False)]
    unknown = change["change"].get("after_unknown", False)
    lines = [f"{_SIGNS.get(actions, '!')} {change['address']}" + (" (replaced)" if len(actions) > 1 else "")]
    if not isinstance(before, dict) and not isinstance(after, dict):
        return [f"{lines[0]}: {' → '.join(_shorten([_shown(before, hidden[0]), _shown(after, hidden[1], unknown)]))}"]
    names = sorted({*(before or {}), *(after or {}), *(unknown if isinstance(unknown, dict) else {})})
    for name in names:
        old, new = (before or {}).get(name), (after or {}).get(name)
        part = _part(unknown, name)
        if after is None or not (_is_unknown(part) or differs(old, new)):
            continue
        hidden_parts = [True if _SECRET_NAME.search(name) else _part(mark, name) for mark in hidden]
        texts = [_shown(new, hidden_parts[1], part)]
        if before is not None:
            texts.insert(0, _shown(old, hidden_parts[0]))
        lines.append(f"    {name}: {' → '.join(_shorten(texts))}")
    return lines


def _shorten(texts: list[str]) -> list[str]:
    """Shorten long texts to the place where they differ."""
    if max(map(len, texts)) <= _VALUE_CHARACTERS:
        return texts
    pairs = zip(texts[0], texts[-1], strict=False)
    alike = next((index for index, (old, new) in enumerate(pairs) if old != new), 0)
    start = max(0, alike - _CONTEXT_CHARACTERS)
    return [
        f"{'…' * (start > 0)}{text[start : start + _VALUE_CHARACTERS]}{'…' * (len(text) > start + _VALUE_CHARACTERS)}"
        for text in texts
    ]


def _part(mark: Any, name: str) -> Any:
    return mark.get(name, False) if isinstance(mark, dict) else mark


def _is_unknown(mark: Any) -> bool:
    """Return whether a part of a value is unknown: Terraform marks known lists and blocks as [false] and {}."""
    if isinstance(mark, dict | list):
        return any(map(_is_unknown, mark.values() if isinstance(mark, dict) else mark))
    return mark is True


def _with_unknown(value: Any, mark: Any) -> Any:
    """Name the unknown parts of a value, which Terraform leaves out of it."""
    if mark is True:
        return UNKNOWN
    if isinstance(mark, dict) and isinstance(value, dict):
        return value | {name: _with_unknown(value.get(name), part) for name, part in mark.items() if _is_unknown(part)}
    if isinstance(mark, list) and isinstance(value, list) and len(mark) == len(value):
        return [_with_unknown(inner, part) for inner, part in zip(value, mark, strict=True)]
    return value


def _shown(value: Any, is_hidden: Any, unknown: Any = False) -> str:
    if is_hidden is True:
        return SENSITIVE
    if unknown is True:
        return UNKNOWN
    known = _hide(_with_unknown(value, unknown), is_hidden)
    return _CREDENTIAL.sub(SENSITIVE, json.dumps(known, ensure_ascii=False))


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
