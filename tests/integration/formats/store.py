"""Pack what the other scripts made: `python -m tests.integration.formats.store MADE STORED`; see README.md."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent / "stored"
# By archive: the folder that was made, and what of it is stored.
STORED = {
    "engine": ("", ("engine", "s3", "answers.json")),
    "lake": ("lake", ("s3", "requests.json", "datasets", "experiments", "checkpoint", "network")),
}
LEFT_OUT = {".crc", ".png"}  # checksums of a local file system, plots


def wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Return the member of an archive without its owner, or none where it is not stored."""
    if Path(member.name).suffix in LEFT_OUT:
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def extract(name: str, folder: Path) -> Path:
    """Extract a stored archive into a folder, and return the folder."""
    with tarfile.open(HERE / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def main(made: Path, stored: Path) -> int:
    """Write the archives."""
    stored.mkdir(parents=True, exist_ok=True)
    for name, (folder, members) in STORED.items():
        with tarfile.open(stored / f"{name}.tar.xz", "w:xz", preset=9) as archive:
            for member in members:
                archive.add(made / folder / member, member, filter=wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
