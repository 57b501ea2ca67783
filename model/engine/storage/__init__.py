"""What the engine keeps: resources, the event log and imported parts on disk, and what they come to in memory."""
