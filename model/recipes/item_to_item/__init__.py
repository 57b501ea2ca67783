"""Item-to-item recipes: transition counts, similar items, semantic similarity."""
