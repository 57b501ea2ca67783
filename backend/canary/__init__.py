"""Calls the API as a caller does, on a schedule."""
