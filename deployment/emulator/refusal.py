"""Why the emulator does not start, in words for whoever started it."""

from __future__ import annotations


class CannotStart(Exception):  # noqa: N818 - reads as the sentence that it prints
    """The emulator cannot start; the message is one sentence and a remedy."""
