"""Valid things to test with, one field different at a time."""
