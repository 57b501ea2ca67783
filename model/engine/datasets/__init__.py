"""The data sets: their schemas and values, and CSV files of S3 in and out."""
