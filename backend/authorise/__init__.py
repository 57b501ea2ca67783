"""Decides which routes the sender of a request may call."""
