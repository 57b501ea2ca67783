"""Uploaded Parquet: read by a process of its own, whose memory is limited and whose crash fails one upload only."""
