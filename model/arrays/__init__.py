"""Numeric building blocks: growable arrays, top-k selection, a truncated SVD, and a model's files on disk."""
