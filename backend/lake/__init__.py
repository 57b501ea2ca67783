"""Converts a Firehose batch of events to rows of the lake."""
