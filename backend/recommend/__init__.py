"""Answers requests for recommendations from the recommender, or from earlier answers while it fails."""
