"""Metrics of lists and ratings, and the intervals around them."""
