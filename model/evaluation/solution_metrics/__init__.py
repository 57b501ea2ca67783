"""Metrics of a solution version on held-out users, as GetSolutionMetrics returns them."""
