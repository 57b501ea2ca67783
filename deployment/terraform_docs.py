"""Writes the tables of the Terraform READMEs: ``python -m deployment.terraform_docs [--check]``.

The tables of a root's or module's resources, inputs and outputs are written between the markers of terraform-docs, so
that terraform-docs can replace this module. With ``--check`` nothing is written, and the exit status is 1 if a table is
out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

INFRASTRUCTURE = Path(__file__).resolve().parent.parent / "infrastructure"

BEGIN = "<!-- BEGIN_TF_DOCS -->"
END = "<!-- END_TF_DOCS -->"


def folders(infrastructure: Path = INFRASTRUCTURE) -> list[Path]:
    """Return the roots and modules, which are the folders with a ``versions.tf``."""
    return sorted(file.parent for file in infrastructure.rglob("versions.tf"))


def tables(folder: Path) -> str:
    """Return the tables of resources, inputs and outputs of a folder as Markdown, without empty ones."""
    blocks = [hcl2.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.tf"))]
    resources = sorted(f"`{kind}.{name}`" for kind, name, _ in _labelled(blocks, "resource", 2))
    modules = sorted(f"`module.{name}`" for name, _ in _labelled(blocks, "module", 1))
    inputs = sorted(
        (f"`{name}`", _text(body["description"]), f"`{_text(body['type'])}`", _default(body))
        for name, body in _labelled(blocks, "variable", 1)
    )
    outputs = sorted((f"`{name}`", _text(body["description"])) for name, body in _labelled(blocks, "output", 1))
    parts = [
        _table("Resources", ("What it makes",), [(name,) for name in (*modules, *resources)]),
        _table("Inputs", ("Name", "Description", "Type", "Default"), inputs),
        _table("Outputs", ("Name", "Description"), outputs),
    ]
    return "\n".join(part for part in parts if part)


def with_tables(readme: str, written: str) -> str:
    """Return a README with the tables between its markers; without markers a ValueError."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"a README needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{written}{END}{after}"


def drifted(infrastructure: Path = INFRASTRUCTURE) -> dict[Path, str]:
    """Return the READMEs with outdated tables, and their new text."""
    current = {
        folder / "README.md": with_tables((folder / "README.md").read_text(encoding="utf-8"), tables(folder))
        for folder in folders(infrastructure)
    }
    return {readme: text for readme, text in current.items() if readme.read_text(encoding="utf-8") != text}


def _labelled(blocks: Iterable[dict[str, Any]], kind: str, labels: int) -> Iterator[tuple[Any, ...]]:
    """Yield the labels and the body of every block of a kind; the reader nests a dictionary per label."""
    for file in blocks:
        for block in file.get(kind, ()):
            path: list[Any] = []
            for _ in range(labels):
                ((label, block),) = block.items()  # noqa: PLW2901 - one level down per label
                path.append(_text(label))
            yield (*path, block)


def _text(value: object) -> str:
    """Return an expression without quotes or interpolation around it."""
    return re.sub(r'^(?:"(.*)"|\$\{(.*)\})$', lambda match: match[1] or match[2] or "", str(value), flags=re.DOTALL)


def _default(variable: dict[str, Any]) -> str:
    """Return the default of a variable in Terraform's syntax, or ``required``."""
    if "default" not in variable:
        return "required"
    value = variable["default"]
    if value is None or isinstance(value, bool):
        return f"`{ {None: 'null', True: 'true', False: 'false'}[value] }`"
    return f"`{value}`"


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [columns, tuple("---" for _ in columns), *rows]
    body = "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
    return f"### {title}\n\n{body}"


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m deployment.terraform_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a table is out of date")
    check = parser.parse_args(arguments).check
    outdated = drifted()
    for readme, text in outdated.items():
        if check:
            sys.stderr.write(f"{readme} is out of date; run python -m deployment.terraform_docs\n")
        else:
            readme.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {readme}\n")
    return 1 if check and outdated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
