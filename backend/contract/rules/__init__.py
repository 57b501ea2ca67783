"""Rules of events beyond the types of their fields."""
