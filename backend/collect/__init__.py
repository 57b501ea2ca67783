"""The front door: validates events, items and users, stores them, and returns one verdict per record."""
