"""The analysts' views of the lake as data frames."""

from data.analysis.lake import Lake, UnknownStatementError, UnknownViewError

__all__ = ["Lake", "UnknownStatementError", "UnknownViewError"]
