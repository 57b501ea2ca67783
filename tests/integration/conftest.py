"""Keeps linear algebra on one thread, before anything imports it: the matrices here are small."""

import model.engine.one_thread  # noqa: F401
