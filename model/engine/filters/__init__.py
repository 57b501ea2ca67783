"""Filters: the expression language, the columns that it is evaluated over, and a linter for those who write it."""
