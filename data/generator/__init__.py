"""A shop that never was: items, users with tastes that drift, and what they clicked.

The stream is made from a seed alone: the same settings give the same bytes. It holds structure that a good
recommender finds and a count of popular items does not (`structure.py` measures it), and it holds the dirt of real
streams: late, repeated and broken events, denied consent, bots.
"""

from __future__ import annotations

from data.generator.settings import Settings
from data.generator.shop import generate

__all__ = ["Settings", "generate"]
