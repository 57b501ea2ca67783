"""Reads the texts of the project: names, docstrings, comments, messages and prose, each with its file and line."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GENERATED = re.compile(r"/generated/|(^|/)package-lock\.json$|\.lock\.hcl$|^deployment/requirements/|^LICENSE$")
FENCE = re.compile(r"^\s*(```|~~~)")
INLINE_CODE = re.compile(r"`[^`]*`")
LINK_TARGET = re.compile(r"\]\([^)]*\)")
TERRAFORM_TEXT = re.compile(r'^\s*(?:description|comment|error_message)\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
MAKE_HELP = re.compile(r"## (.*)$")
# A comment begins at the start of a line or after a blank, so that `#` inside a URL or a colour is none.
COMMENTS = {
    **dict.fromkeys((".tf", ".tfvars", ".hcl", ".toml", ".sh", ""), re.compile(r"(?:^|\s)#\s+(.*)$")),
    ".sql": re.compile(r"(?:^|\s)--\s+(.*)$"),
    **dict.fromkeys((".mjs", ".js", ".ts", ".tsx"), re.compile(r"(?:^|\s)//\s+(.*)$")),
}


@dataclass(frozen=True)
class Text:
    """A piece of text of the project.

    Attributes
    ----------
    path
        Relative to the root of the project, with slashes.
    line
        The first line is 1.
    kind
        `name`, `docstring`, `comment`, `message`, `prose` or `description`.
    """

    path: str
    line: int
    kind: str
    text: str


def tracked_files(root: Path) -> list[str]:
    """Return the files of a tree, without those that git ignores and those that are generated or locked."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (root / ".git").exists():
        names = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0"))
    else:  # a tree that was unpacked from an archive
        names = {path.relative_to(root).as_posix() for path in root.rglob("*")}
    return sorted(name for name in names if name and not GENERATED.search(name) and (root / name).is_file())


def read_texts(root: Path, path: str) -> Iterator[Text]:
    """Yield the parts of a file's path as names, and its texts if its kind is read; the path is relative to root."""
    for part in Path(path).parts:
        yield Text(path, 1, "name", part)
    suffix = Path(path.removesuffix(".tftpl")).suffix  # a template is read as what it renders
    reader = _READERS.get(suffix) if Path(path).name != "Makefile" else _read_makefile
    if reader is None:
        return
    for line, kind, text in reader((root / path).read_text(encoding="utf-8"), suffix):
        yield Text(path, line, kind, text)


def _read_python(source: str, _suffix: str) -> Iterator[tuple[int, str, str]]:
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    docstrings = {docstring for node in nodes if (docstring := _docstring_of(node)) is not None}
    for line, name in _bound_names(nodes):
        yield line, "name", name
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            kind = "docstring" if node in docstrings else "message"
            if " " in node.value.strip():  # a text without blanks is a key or an id
                for place, text in enumerate(node.value.split("\n")):
                    yield node.lineno + place, kind, INLINE_CODE.sub(" ", text)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], "comment", INLINE_CODE.sub(" ", token.string)


def _docstring_of(node: ast.AST) -> ast.Constant | None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not node.body:
        return None
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first.value
    return None


def _bound_names(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield the names that a module gives: not those of libraries that it uses."""
    for node in nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield getattr(node, "lineno", 1), node.asname
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) and isinstance(node.target, ast.Name):
            # The target is read as the phrase that it makes: `for one in …`.
            yield node.target.lineno, f"for {node.target.id} in"


def _read_markdown(source: str, _suffix: str) -> Iterator[tuple[int, str, str]]:
    fenced = False
    for number, line in enumerate(source.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, "prose", LINK_TARGET.sub("]", INLINE_CODE.sub(" ", line))


def _read_notebook(source: str, _suffix: str) -> Iterator[tuple[int, str, str]]:
    for place, cell in enumerate(json.loads(source)["cells"], 1):
        if cell["cell_type"] == "markdown":
            texts = _read_markdown("".join(cell["source"]), "")
        else:
            # A line that begins with % or ! is no Python.
            texts = _read_python("".join(re.sub(r"^\s*[%!].*", "", line) for line in cell["source"]), "")
        for _, kind, text in texts:
            yield place, kind, text


def _read_json(source: str, _suffix: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(source.splitlines(), 1):
        if match := re.match(r'^\s*"Comment"\s*:\s*"(.*)"', line):
            yield number, "description", match.group(1)


def _read_makefile(source: str, _suffix: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(source.splitlines(), 1):
        if match := MAKE_HELP.search(line) or re.match(r"^# (.*)$", line):
            yield number, "description", match.group(1)


def _read_yaml(source: str, _suffix: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(source.splitlines(), 1):
        yield number, "prose", INLINE_CODE.sub(" ", line)


def _read_lines(source: str, suffix: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(source.splitlines(), 1):
        if suffix == ".tf" and (match := TERRAFORM_TEXT.match(line)):
            yield number, "description", match.group(1)
        elif match := COMMENTS[suffix].search(line):
            yield number, "comment", INLINE_CODE.sub(" ", match.group(1))


_READERS: dict[str, Callable[[str, str], Iterator[tuple[int, str, str]]]] = {
    ".py": _read_python,
    ".md": _read_markdown,
    ".ipynb": _read_notebook,
    ".json": _read_json,
    **dict.fromkeys((".yml", ".yaml"), _read_yaml),
    **dict.fromkeys(COMMENTS, _read_lines),
}
