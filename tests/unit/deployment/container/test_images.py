"""The images of the engine and for SageMaker hold every module of the project that their code imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
CONTAINER = ROOT / "deployment/container"


def copied_modules(dockerfile):
    """Return the Python files of the project that an image copies, by dotted name."""
    sources = re.findall(r"^COPY (model/\S+) ", dockerfile.read_text(), re.MULTILINE)
    files = [file for source in sources for file in ([ROOT / source, *(ROOT / source).rglob("*.py")]) if file.is_file()]
    names = {file: ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    return {name.removesuffix(".__init__"): file for file, name in names.items()}


def imported_modules(file):
    """Yield the modules of the project that a file imports when it runs, in functions too."""
    tree = ast.parse(file.read_text())
    of_types = {
        id(each)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for each in ast.walk(block)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            path = ROOT.joinpath(*name.split("."))
            if id(node) not in of_types and (path.with_suffix(".py").is_file() or path.is_dir()):
                yield name


@pytest.mark.parametrize(
    ("name", "started"),
    [
        ("Dockerfile", ["model.engine.__main__", "model.engine.jobs.worker"]),
        ("sagemaker.Dockerfile", ["model.sagemaker.__main__"]),
    ],
)
def test_an_image_has_every_module_that_it_imports(name, started):
    modules = copied_modules(CONTAINER / name)
    missing, reached, following = set(), set(started), list(started)
    while following:
        module = following.pop()
        if module not in modules:
            missing.add(module)
            continue
        packages = {module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)}
        new = (packages | set(imported_modules(modules[module]))) - reached
        reached |= new
        following += new

    assert not missing
    assert len(reached) > 20


@pytest.mark.parametrize("name", ["Dockerfile", "sagemaker.Dockerfile"])
def test_what_an_image_copies_is_sent_to_the_builder(name):
    copied = re.findall(r"^COPY (model/\S+) ", (CONTAINER / name).read_text(), re.MULTILINE)
    sent = re.findall(r"^!(\S+?)(?:/\*\*)?$", (CONTAINER / f"{name}.dockerignore").read_text(), re.MULTILINE)

    assert [source for source in copied if source not in sent] == []
