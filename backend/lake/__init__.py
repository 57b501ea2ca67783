"""Turns the stream's events into the rows of the lake, as Firehose carries them by."""
