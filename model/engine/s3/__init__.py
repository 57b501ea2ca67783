"""The engine's traffic with S3: imports, exports and the files of batch jobs."""
