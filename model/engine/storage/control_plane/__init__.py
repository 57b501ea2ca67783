"""The resources of the control plane: their kinds, and their rows in SQLite."""
