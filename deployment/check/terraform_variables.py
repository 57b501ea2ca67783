"""Check that every Terraform variable is read: ``python -m deployment.check.terraform_variables``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import hcl2

from deployment.terraform import INFRASTRUCTURE
from deployment.terraform_docs import folders

if TYPE_CHECKING:
    from pathlib import Path

_REFERENCE = re.compile(r"\bvar\.(\w+)")


def unread_variables(folder: Path) -> list[str]:
    """Return the names of the variables that no expression in a folder's ``*.tf`` files reads.

    A variable's own block does not count, so a variable that only its own validation reads is unread.
    """
    declared: set[str] = set()
    read: set[str] = set()
    for file in folder.glob("*.tf"):
        blocks = hcl2.loads(file.read_text(encoding="utf-8"))
        for variable in blocks.pop("variable", []):
            ((label, body),) = variable.items()
            name = label.strip('"')
            declared.add(name)
            read |= _references(body) - {name}
        read |= _references(blocks)
    return sorted(declared - read)


def _references(content: object) -> set[str]:
    """Return the names of the variables in parsed HCL, without those in comments."""
    if isinstance(content, dict):
        return set().union(
            *(_references(key) | _references(value) for key, value in content.items() if key != "__comments__")
        )
    if isinstance(content, list):
        return set().union(*map(_references, content))
    return set(_REFERENCE.findall(str(content)))


def main() -> int:
    """Check every root and module; return 1 if any has an unread variable."""
    unread = {folder: names for folder in folders() if (names := unread_variables(folder))}
    for folder, names in unread.items():
        place = folder.relative_to(INFRASTRUCTURE.parent)
        sys.stdout.write(f"{place}: nothing reads the variables {', '.join(names)}; delete them\n")
    return 1 if unread else 0


if __name__ == "__main__":
    sys.exit(main())
