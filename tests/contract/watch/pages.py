"""The runbooks' pages, and the commands of the AWS command line in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

RUNBOOKS = Path(__file__).parents[3] / "deployment" / "runbooks"
PAGES = sorted(page for page in RUNBOOKS.glob("*.md") if page.stem != "README")


def commands(text: str) -> list[list[str]]:
    """Return the words of each command, variables not yet replaced."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("aws ")]
