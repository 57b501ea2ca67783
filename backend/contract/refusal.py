"""Refusals: records and bodies that break the contract, with the broken rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule.

    Attributes
    ----------
    field
        Path of the field, such as ``properties.colour`` or ``impression[3]``.
    rule
        What is required; never the wrong value, which may be long or personal.
    """

    field: str
    rule: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that breaks the contract, with at most :data:`MAX_ERRORS` broken rules and its bytes.

    Refusals are counted by `reason`, the first broken rule's kind, which is one of :data:`REASONS`.
    """

    reason: str
    errors: tuple[FieldError, ...]
    payload: bytes


class BodyRefusedError(ValueError):
    """A body that is not a list of records: ``malformed_json``, ``wrong_type``, ``empty`` or ``too_many``."""

    def __init__(self, reason: str, rule: str) -> None:
        super().__init__(f"{reason}: the body {rule}")
        self.reason = reason
        self.rule = rule


REASONS = (
    "malformed_json",
    "not_an_object",
    "missing_field",
    "unknown_field",
    "wrong_type",
    "too_long",
    "too_many",
    "empty",
    "out_of_range",
    "unknown_value",
    "control_character",
    "too_old",
    "in_future",
    "too_large",
    "no_identity",
    "placeholder_id",
    "misplaced_field",
    "repeated_value",
    "wrong_positions",
)

MAX_ERRORS = 10
"""Errors per record: enough to repair it, few enough that a hostile record cannot enlarge the answer."""
