"""Starts a training, and reports its progress."""
