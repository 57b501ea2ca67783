"""Generates a fictional shop: items, users with preferences that drift, and their clickstream.

The stream depends on its settings alone: the same seed gives the same bytes. It has patterns that a good recommender
finds and a count of popular items does not (`structure.py` measures them), and the defects of real streams: late,
repeated and invalid events, denied consent, bots.
"""

from __future__ import annotations

from data.generator.settings import Settings
from data.generator.shop import generate

__all__ = ["Settings", "generate"]
