"""State on disk: journals, snapshots of the services, and which requests have to be written before their reply."""
