"""Recommendations for visitors, of whom only what they choose and state is known."""
