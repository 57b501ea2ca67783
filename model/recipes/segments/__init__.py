"""Users for an item, or for items with given attributes."""
