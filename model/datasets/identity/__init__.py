"""Whose the events of a session are."""
