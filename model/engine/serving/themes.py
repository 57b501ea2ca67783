"""Themes of lists of similar items: the words that these items share and others lack.

Amazon's Content Generator writes a phrase with a language model; here the phrase consists of the words.
Developer guide, "Batch recommendations with themes": items are ordered by how well they fit the theme, with scores
from about -0.1 to 0.6.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model.datasets.avro_schema import Schema

WORD = re.compile(r"[^\W\d_]{3,}")
THEME_WORDS = 3
LEAST_SCORE, MOST_SCORE = -0.1, 0.6
NO_THEME = "More like this"  # if the items have no word in common


class Themes:
    """Finds themes for lists of items of one catalogue."""

    def __init__(self, rows: Mapping[str, Mapping[str, Any]], schema: Schema, name_column: str) -> None:
        columns = [
            column.name
            for column in schema.columns
            if column.kind == "string" and (column.textual or column.categorical or column.name == name_column)
        ]
        self._words = {item_id: _words(row, columns) for item_id, row in rows.items()}
        # The number of items that contain a word.
        self._spread = Counter(word for words in self._words.values() for word in words)

    def find_theme(self, item_ids: Sequence[str]) -> tuple[str, list[tuple[str, float]]]:
        """Return a theme and the items with how well each fits it, the best fit first."""
        weights = self._shared(item_ids)
        total = sum(weights.values())
        scored = []
        for item_id in item_ids:
            own = self._words.get(item_id, frozenset())
            part = sum(weight for word, weight in weights.items() if word in own) / total if total else 0.0
            scored.append((item_id, round(LEAST_SCORE + (MOST_SCORE - LEAST_SCORE) * part, 6)))
        scored.sort(key=lambda item: -item[1])
        return _phrase(list(weights)), scored

    def _shared(self, item_ids: Sequence[str]) -> dict[str, float]:
        """Return the words that these items share more often than all items do, with weights, the largest first."""
        here = Counter(word for item_id in item_ids for word in self._words.get(item_id, ()))
        everywhere = max(1, len(self._words))
        weights = {word: count * math.log(everywhere / self._spread[word]) for word, count in here.items() if count > 1}
        top = sorted(weights, key=lambda word: (-weights[word], word))[:THEME_WORDS]
        return {word: weights[word] for word in top if weights[word] > 0}


def _words(row: Mapping[str, Any], columns: list[str]) -> frozenset[str]:
    return frozenset(word.lower() for name in columns for word in WORD.findall(str(row.get(name) or "")))


def _phrase(words: list[str]) -> str:
    if not words:
        return NO_THEME
    *first, last = words
    return (f"{', '.join(first)} and {last}" if first else last).capitalize()
