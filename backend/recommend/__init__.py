"""Answers who asks what to show: from the recommender while it answers, from what it last answered when it does not."""
