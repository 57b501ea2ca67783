"""Filters: the expression language, the columns that expressions are evaluated on, and a linter for expressions."""
