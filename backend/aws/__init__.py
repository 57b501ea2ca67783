"""What every function does with AWS: deadlines, retries, bad rows, batch writes and gzip."""
