"""What ends a demonstration early."""


class DemoError(Exception):
    """A step could not be done; the message is one sentence with the remedy."""
