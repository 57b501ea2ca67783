"""Items that go with an item: transition counts, similar items, semantic similarity."""
