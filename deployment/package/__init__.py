"""Reproducible archives: the Lambda functions and the Glue job, the same bytes from the same source."""
