"""Sends a stream through the front door as its producers would, and keeps the books."""

from __future__ import annotations

from data.replay.catalogue import Loaded, load_catalogue
from data.replay.door import DoorClosed, NotAdmitted
from data.replay.lanes import replay
from data.replay.sent import Sent

__all__ = ["DoorClosed", "Loaded", "NotAdmitted", "Sent", "load_catalogue", "replay"]
