"""Keeps linear algebra on one thread, before anything imports it: the matrices here are small."""

import model.engine.configuration.one_thread  # noqa: F401
