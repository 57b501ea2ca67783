"""Starts a training, and tells how it goes."""
