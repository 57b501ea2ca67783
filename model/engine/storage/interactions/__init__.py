"""The interactions of a dataset group in memory: imported and streamed ones, by user."""
