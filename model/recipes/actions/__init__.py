"""The next best action of a user."""
