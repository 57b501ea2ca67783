"""Builds reproducible archives of the Lambda functions and the Glue job, and the wheel of the Python producer."""
