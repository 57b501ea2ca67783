"""Forwards events from the stream to the recommender's event tracker, and keeps each user's recent history."""
