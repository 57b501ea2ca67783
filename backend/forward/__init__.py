"""Carries events from the stream to the recommender's event tracker, and keeps each person's recent history."""
