"""The interactions of a dataset group in memory: imported and streamed, found by user."""
