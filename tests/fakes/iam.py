"""IAM's decision on a request, from policy documents as AWS would get them.

Evaluates as https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html describes for one
account: an explicit Deny wins, then the role's policies and its boundary must both allow. Only what our policies use is
implemented; anything else raises, so that a policy is never taken for harmless because a part of it was ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Document: TypeAlias = Mapping[str, Any]
Context: TypeAlias = Mapping[str, str | Sequence[str]]

_ARN_PARTS = 6
_STATEMENT_KEYS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"}


class UnsupportedPolicyError(Exception):
    """A policy holds an element, an operator or a form that this evaluation does not implement."""


def is_allowed(
    action: str,
    resource: str,
    policies: Iterable[Document],
    *,
    boundary: Document | None = None,
    context: Context | None = None,
) -> bool:
    """Return whether a role with these policies may call an action on a resource.

    Parameters
    ----------
    action
        One action, such as ``s3:PutObject``.
    resource
        ARN of one resource; ``*`` for an action without resource level, which only the resource ``*`` matches.
    policies
        The role's identity policies.
    boundary
        The role's permissions boundary; None for none.
    context
        Values of condition keys in the request; a key that is missing here is missing in the request.

    Raises
    ------
    UnsupportedPolicyError
        If a document holds what is not implemented.
    """
    bounds = [list(policies), *([[boundary]] if boundary is not None else [])]
    decisions = [_effects(documents, action, resource, context or {}) for documents in bounds]
    return not any("Deny" in effects for effects in decisions) and all("Allow" in effects for effects in decisions)


def may_assume(trust: Document, principal: Mapping[str, str], action: str, context: Context) -> bool:
    """Return whether a trust policy lets a principal, such as ``{"Federated": arn}``, assume its role."""
    effects = {
        statement["Effect"]
        for statement in _statements(trust)
        if _matches_principal(statement["Principal"], principal)
        and any(_matches_action(pattern, action) for pattern in _strings(statement["Action"]))
        and _conditions_hold(statement.get("Condition", {}), context)
    }
    return effects == {"Allow"}


def _effects(documents: Iterable[Document], action: str, resource: str, context: Context) -> set[str]:
    return {
        statement["Effect"]
        for document in documents
        for statement in _statements(document)
        if _concerns(statement, "Action", lambda pattern: _matches_action(pattern, action))
        and _concerns(statement, "Resource", lambda pattern: _matches_resource(pattern, resource))
        and _conditions_hold(statement.get("Condition", {}), context)
    }


def _statements(document: Document) -> list[dict[str, Any]]:
    statements = document["Statement"]
    statements = [statements] if isinstance(statements, dict) else statements
    for statement in statements:
        if unknown := set(statement) - _STATEMENT_KEYS:
            raise UnsupportedPolicyError(f"A statement has {', '.join(sorted(unknown))}.")
        if statement["Effect"] not in {"Allow", "Deny"}:
            raise UnsupportedPolicyError(f"A statement's Effect is {statement['Effect']}.")
    return list(statements)


def _concerns(statement: Mapping[str, Any], element: str, matches: Callable[[str], bool]) -> bool:
    name = element if element in statement else f"Not{element}"
    # Every pattern is evaluated, so that one that is not implemented raises even behind one that matches.
    matched = [matches(pattern) for pattern in _strings(statement[name])]
    return any(matched) is (name == element)


def _matches_principal(statement: Any, principal: Mapping[str, str]) -> bool:
    if statement == "*":
        return True
    return any(value in {"*", principal.get(kind)} for kind, values in statement.items() for value in _strings(values))


def _matches_action(pattern: str, action: str) -> bool:
    return _matches(pattern.lower(), action.lower())


def _matches_resource(pattern: str, resource: str) -> bool:
    if pattern == "*":
        return True
    return _matches_arn(pattern, resource)


def _matches_arn(pattern: str, arn: str) -> bool:
    # A wildcard stays within its part of the ARN, but for the last part, which may hold colons itself.
    patterns, parts = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    if len(patterns) != _ARN_PARTS:
        raise UnsupportedPolicyError(f"{pattern} is no complete ARN.")
    return len(parts) == _ARN_PARTS and all(map(_matches, patterns, parts))


def _matches(pattern: str, value: str) -> bool:
    if "${" in pattern:
        raise UnsupportedPolicyError(f"{pattern} holds a policy variable.")
    expression = "".join({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _is_boolean(expected: str, value: str) -> bool:
    return expected.lower() == value.lower()


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda expected, value: expected == value and "${" not in expected,
    "StringLike": _matches,
    "ArnLike": _matches_arn,
    "ArnEquals": _matches_arn,
    "Bool": _is_boolean,
    "NumericLessThan": lambda expected, value: float(value) < float(expected),
}
_NEGATED = {
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
}


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    present = {key.lower(): value for key, value in context.items()}
    # Every condition is evaluated, so that an unknown operator raises even behind one that fails.
    held = [
        _condition_holds(operator, _strings(expected), present.get(key.lower()))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    ]
    return all(held)


def _condition_holds(operator: str, expected: list[str], value: str | Sequence[str] | None) -> bool:
    if operator == "Null":
        return any(_is_boolean(text, str(value is None)) for text in expected)
    quantifier, _, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    is_negated, name = name in _NEGATED, _NEGATED.get(name, name)
    if name not in _OPERATORS or quantifier not in {"", "ForAnyValue", "ForAllValues"} or (quantifier and is_negated):
        raise UnsupportedPolicyError(f"The condition operator {operator} is not implemented.")
    if value is None:
        return is_negated or rest.endswith("IfExists") or quantifier == "ForAllValues"
    if not quantifier and not isinstance(value, str):
        raise UnsupportedPolicyError(f"{operator} compares a key that has several values in the request.")
    results = [any(_OPERATORS[name](text, each) for text in expected) for each in _strings(value)]
    if quantifier:
        return any(results) if quantifier == "ForAnyValue" else all(results)
    return results[0] != is_negated


def _strings(values: Any) -> list[str]:
    return [values] if isinstance(values, str) else [str(value) for value in values]
