"""The origins of the pages of these tests."""

LISTED = "http://localhost:8080"
"""An origin that `cors_origins` of the laptop lists."""

OTHER = "http://other.localhost:8080"
"""An origin that it does not list."""
