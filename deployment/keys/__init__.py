"""The keys of the API, and the command for them: `python -m deployment.keys`."""
