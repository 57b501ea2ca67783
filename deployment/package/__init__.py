"""Builds reproducible archives of the Lambda functions and the Glue job."""
