"""Builds reproducible archives of the Lambda functions and the Glue jobs, and the wheel of the Python producer."""
