"""Decides whether a new version replaces the serving one, and detects drift of the data."""
