"""Checks how the project is divided into files, and reports it.

python -m deployment.check.structure                   the rules; exit code 1 where one is broken
python -m deployment.check.structure --report          the figures of this tree
python -m deployment.check.structure --report 39465f4  the figures of a commit, or of a tree in another folder
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from deployment.check.sources import tracked_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = Path(__file__).with_name("structure.toml")
MOST_MODULES, MOST_EXCEPTIONS = 12, 3
TESTS = "tests"
RECIPES = "model/recipes/"

Imports = dict[str, set[str]]


@dataclass(frozen=True)
class Tree:
    """The Python files of a tree and what they import of one another.

    Attributes
    ----------
    files
        All files, relative to the root.
    imports
        By Python file, the Python files that it imports: for types only and inside functions as well.
    computed
        The files that import a module whose name they compute.
    """

    files: list[str]
    imports: Imports
    computed: frozenset[str] = frozenset()

    @property
    def modules(self) -> dict[str, list[str]]:
        """The modules by folder, without `__init__.py`."""
        folders: defaultdict[str, list[str]] = defaultdict(list)
        for path in self.imports:
            if PurePosixPath(path).name != "__init__.py":
                folders[PurePosixPath(path).parent.as_posix()].append(path)
        return folders


def read_tree(root: Path) -> Tree:
    """Read the files of a tree and the imports between them."""
    files = tracked_files(root)
    path_of = {_module_name(path): path for path in files if path.endswith(".py")}
    imports = {}
    for name, path in path_of.items():
        found = {path_of[target] for target in _imported(root / path, name, path_of)}
        imports[path] = found - {path}
    return Tree(files, imports, frozenset(path for path in imports if _computes_a_name(root / path)))


def with_initializers(imports: Imports) -> Imports:
    """Return the imports, each with the `__init__.py` of the packages that it runs: those not around the importer."""

    def run(path: str, target: str) -> set[str]:
        around = PurePosixPath(path).parents
        return {(folder / "__init__.py").as_posix() for folder in PurePosixPath(target).parents if folder not in around}

    return {
        path: targets | {file for target in targets for file in run(path, target) if file in imports} - {path}
        for path, targets in imports.items()
    }


def circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of files that import one another, directly or over others (Tarjan's algorithm)."""
    found: list[list[str]] = []
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    for start in imports:
        if start in index:
            continue
        index[start] = low[start] = len(index)
        stack.append(start)
        unfinished = [(start, iter(sorted(imports[start])))]
        while unfinished:
            node, targets = unfinished[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    unfinished.append((target, iter(sorted(imports.get(target, ())))))
                    break
                if target in stack:
                    low[node] = min(low[node], index[target])
            else:
                unfinished.pop()
                if unfinished:
                    low[unfinished[-1][0]] = min(low[unfinished[-1][0]], low[node])
                if low[node] == index[node]:
                    place = stack.index(node)
                    group, stack = stack[place:], stack[:place]
                    if len(group) > 1:
                        found.append(sorted(group))
    return found


def folder_imports(imports: Imports, parent: str) -> Counter[tuple[str, str]]:
    """Return how often the folders right below a folder import one another; its own modules are the folder "."."""
    counts: Counter[tuple[str, str]] = Counter()
    for path, targets in imports.items():
        for target in targets:
            if path.startswith(parent) and target.startswith(parent):
                pair = (_below(path, parent), _below(target, parent))
                if pair[0] != pair[1]:
                    counts[pair] += 1
    return counts


def folder_circles(imports: Imports) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder whose own folders import one another in a circle, with those.

    A `__main__.py` is a command over the whole, which nothing imports, so it belongs to no folder here.
    """
    modules = {path: targets for path, targets in imports.items() if PurePosixPath(path).name != "__main__.py"}
    parents = {"/".join(path.split("/")[:depth]) for path in imports for depth in range(path.count("/"))}
    for parent in sorted(parents):
        graph: defaultdict[str, set[str]] = defaultdict(set)
        for first, second in folder_imports(modules, f"{parent}/" if parent else ""):
            if "." not in {first, second}:
                graph[first].add(second)
        yield from ((parent or ".", group) for group in circles(dict(graph)))


def broken_rules(tree: Tree, exceptions: Mapping[str, str], computing: Mapping[str, str] | None = None) -> list[str]:
    """Return a sentence for each rule that the tree breaks.

    Parameters
    ----------
    exceptions
        The reasons of larger folders.
    computing
        The reasons of files outside the tests that compute names of modules.
    """
    return [
        *_circles(tree.imports),
        *_large_folders(tree.modules, exceptions),
        *_imported_tests(tree.imports),
        *_computed_imports(tree.computed, computing or {}),
    ]


def _circles(imports: Imports) -> Iterator[str]:
    for group in circles(with_initializers(imports)):
        yield f"these files import one another in a circle: {', '.join(group)}"
    for parent, group in folder_circles(imports):
        yield f"these folders of {parent} import one another in a circle: {', '.join(group)}"


def _large_folders(modules: Mapping[str, list[str]], exceptions: Mapping[str, str]) -> Iterator[str]:
    for folder, paths in sorted(modules.items()):
        if len(paths) > MOST_MODULES and folder not in exceptions:
            yield f"{folder} holds {len(paths)} modules; divide it into folders of {MOST_MODULES} at most"
    for folder in exceptions:
        if len(modules.get(folder, ())) <= MOST_MODULES:
            yield f"{EXCEPTIONS.name}: {folder} needs no exception: remove it"
    if len(exceptions) > MOST_EXCEPTIONS:
        yield f"{EXCEPTIONS.name}: there are {len(exceptions)} exceptions; {MOST_EXCEPTIONS} are allowed"


def _imported_tests(imports: Imports) -> Iterator[str]:
    for path, targets in sorted(imports.items()):
        for target in sorted(targets):
            name = PurePosixPath(target).name
            if name.startswith("test_") or name == "conftest.py":
                yield f"{path} imports {target}: move what it needs to tests/factories, tests/fakes or a named module"
            elif target.startswith(f"{TESTS}/") and not path.startswith(f"{TESTS}/"):
                yield f"{path} imports {target}: the product never imports its tests"


def _computed_imports(computed: frozenset[str], computing: Mapping[str, str]) -> Iterator[str]:
    product = {path for path in computed if not path.startswith(f"{TESTS}/")}
    for path in sorted(product - computing.keys()):
        yield f"{path} imports a module whose name it computes, which no rule sees: name the module"
    for path in sorted(computing.keys() - product):
        yield f"{EXCEPTIONS.name}: {path} needs no exception: remove it"


def read_exceptions(kind: str, path: Path = EXCEPTIONS) -> dict[str, str]:
    """Return the reason by path, of the exceptions of a kind."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return {row["path"]: row["reason"] for row in document.get(kind, [])}


def report(tree: Tree, root: Path) -> str:
    """Return the figures of a tree as a table."""
    groups = circles(with_initializers(tree.imports))
    modules = tree.modules
    largest = max(modules, key=lambda folder: len(modules[folder]))
    between = folder_imports(tree.imports, RECIPES)
    within = sum(
        target.startswith(RECIPES) for path in tree.imports if path.startswith(RECIPES) for target in tree.imports[path]
    )
    lines = count_lines(tree, root)
    rows = [
        ("Python files", len(tree.imports)),
        ("imports between files", sum(map(len, tree.imports.values()))),
        ("circles", f"{len(groups)}, of {sum(map(len, groups))} files" if groups else 0),
        ("largest folder", f"{largest}, {len(modules[largest])} modules"),
        (
            f"folders with more than {MOST_MODULES} modules",
            sum(len(paths) > MOST_MODULES for paths in modules.values()),
        ),
        ("circles between folders", sum(1 for _ in folder_circles(tree.imports))),
        ("imports within model/recipes", within),
        ("imports between the folders of model/recipes", between.total()),
        *((f"lines of {folder}", f"{count:,}") for folder, count in sorted(lines.items())),
        ("lines of the product", f"{sum(lines.values()) - lines[TESTS]:,}"),
        ("lines in all", f"{sum(lines.values()):,}"),
    ]
    return "\n".join(f"{name:<46} {value}" for name, value in rows)


def count_lines(tree: Tree, root: Path) -> Counter[str]:
    """Return the lines of text by folder at the top; files at the top are of the folder "."."""
    lines: Counter[str] = Counter()
    for path in tree.files:
        content = (root / path).read_bytes()
        if b"\0" not in content:
            lines[_below(path, "")] += content.count(b"\n")
    return lines


def unpack(revision: str, folder: Path) -> None:
    """Unpack the tree of a commit into a folder."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", revision]
    archive = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def _below(path: str, parent: str) -> str:
    first, slash, _ = path.removeprefix(parent).partition("/")
    return first if slash else "."


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported(path: Path, name: str, modules: Mapping[str, str]) -> Iterator[str]:
    """Yield the modules of the tree that a file imports."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            candidates = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and (called := _called_module(node)):
            candidates = [called]
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (above, node.module or "") if part)
            candidates = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for candidate in candidates:
            # A name that is no module lies in the module before its last dot.
            target = candidate if candidate in modules else candidate.rpartition(".")[0]
            if target in modules:
                yield target


def _called_module(call: ast.Call) -> str | None:
    """Return the module that `import_module` or `__import__` is called with, empty where its name is computed."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in {"import_module", "__import__"} or not call.args:
        return None
    return str(call.args[0].value) if isinstance(call.args[0], ast.Constant) else ""


def _computes_a_name(path: Path) -> bool:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return any(isinstance(node, ast.Call) and _called_module(node) == "" for node in nodes)


def main() -> int:
    """Check the rules, or print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m deployment.check.structure",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--report", nargs="?", const="", metavar="TREE", help="print the figures of this tree, a commit or a folder"
    )
    of = parser.parse_args().report
    if of is None:
        broken = broken_rules(read_tree(ROOT), read_exceptions("folders"), read_exceptions("computed_imports"))
        sys.stdout.writelines(f"{sentence}\n" for sentence in broken)
        return 1 if broken else 0
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(of) if of else ROOT
        if not root.is_dir():
            root = Path(temporary)
            unpack(of, root)
        sys.stdout.write(report(read_tree(root), root) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
