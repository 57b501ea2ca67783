"""Sends records that a stage refused, or could not process, into the stream again, with the same event ids."""
