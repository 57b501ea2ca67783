"""Batch inference jobs and batch segment jobs."""
