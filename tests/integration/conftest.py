"""Limits linear algebra to one thread, before any test imports it: the matrices here are small."""

import model.engine.configuration.one_thread  # noqa: F401
