"""The error that ends a demonstration early."""


class DemoError(Exception):
    """A step failed; the message is one sentence with the remedy."""
