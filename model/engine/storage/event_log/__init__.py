"""The event log of a dataset group: records in frames, frames in segments, segments in one directory."""
