"""Popular items and trending items."""
