"""Item embeddings: from interactions and from content."""
