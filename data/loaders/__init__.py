"""Opens clickstreams that already exist: public sets as their authors publish them, and files of one's own."""

from __future__ import annotations

from data.loaders.opening import open_stream
from data.loaders.sources import UnknownSource

__all__ = ["UnknownSource", "open_stream"]
