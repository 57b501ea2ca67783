"""Reads and writes objects in S3: imports, exports and files of batch jobs."""
