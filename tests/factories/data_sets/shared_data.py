"""Where the real data lie that some tests and benches read: beside the checkout, never in it."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def shared(name: str) -> Path:
    """Return a folder of real data, such as "ml-latest-small"; skip the calling test where it is missing."""
    import pytest  # noqa: PLC0415 - the benches' environments, which read the same data, are without

    path = FOLDER / name
    if not path.is_dir():
        pytest.skip(f"needs real data: put {name} into {FOLDER}")
    return path
