"""Item-to-item weights by ridge regression."""
