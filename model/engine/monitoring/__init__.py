"""Structured logs, and metrics in the format of Prometheus."""
