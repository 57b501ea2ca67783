"""Vectors of items: from interactions and from content."""
