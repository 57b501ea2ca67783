"""These tests need PyTorch, which the main environment lacks: `make networks` runs them where it is.

On one thread, before anything imports PyTorch: the matrices here are small.
"""

from __future__ import annotations

import importlib.util

import model.engine.configuration.one_thread  # noqa: F401

IS_HERE = importlib.util.find_spec("torch") is not None
collect_ignore_glob = [] if IS_HERE else ["test_*.py"]


def pytest_report_header():
    """Say so when these tests are left out."""
    return [] if IS_HERE else ["tests/networks: left to `make networks`, since this Python has no PyTorch"]
