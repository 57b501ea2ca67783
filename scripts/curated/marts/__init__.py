"""The tables that follow from the clean events, each a transform of them."""
