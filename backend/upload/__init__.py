"""Bulk data in an uploaded object: read line by line and stored over as many invocations as it takes."""
