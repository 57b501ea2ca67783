"""What a client raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.contract.refusal import FieldError, Refusal


class InvalidEventError(ValueError):
    """An event that breaks the contract; the message names fields and rules, never values.

    Attributes
    ----------
    reason
        The first broken rule in one word, as the API would answer it.
    """

    def __init__(self, refusal: Refusal) -> None:
        rules = "; ".join(f"{error.field} {error.rule}".strip() for error in refusal.errors)
        super().__init__(f"the event is refused ({refusal.reason}): {rules}")
        self.reason = refusal.reason
        self.errors: tuple[FieldError, ...] = refusal.errors


class ClientClosedError(RuntimeError):
    """An event was sent through a client that is closed."""

    def __init__(self) -> None:
        super().__init__("the client is closed; make another to send more events")
