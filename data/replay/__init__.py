"""Sends a stream to the API as its producers would, and counts the outcome of every event."""

from __future__ import annotations

from data.replay.catalogue import CatalogueResult, load_catalogue
from data.replay.errors import ApiAccessError, ApiUnavailableError
from data.replay.result import ReplayResult
from data.replay.senders import replay

__all__ = ["ApiAccessError", "ApiUnavailableError", "CatalogueResult", "ReplayResult", "load_catalogue", "replay"]
