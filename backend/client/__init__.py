"""The Python producer: sends events in the background, in order, with retries, and counts the outcome of each."""

from backend.client.client import Client
from backend.client.counts import Counts, RefusedEvent
from backend.client.errors import ClientClosedError, InvalidEventError
from backend.contract.generated.structs import Event

__all__ = ["Client", "ClientClosedError", "Counts", "Event", "InvalidEventError", "RefusedEvent"]
