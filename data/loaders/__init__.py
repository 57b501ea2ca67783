"""Loads existing clickstreams: public data sets in their published formats, and custom files."""

from __future__ import annotations

from data.loaders.detection import open_stream
from data.loaders.files import UnknownFormatError

__all__ = ["UnknownFormatError", "open_stream"]
