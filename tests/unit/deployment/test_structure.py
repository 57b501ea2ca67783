"""The structure check: each rule can fail, and imports are counted wherever they stand."""

from __future__ import annotations

import pytest

from deployment.check.structure import (
    MOST_MODULES,
    ROOT,
    broken_rules,
    circles,
    count_lines,
    folder_circles,
    folder_imports,
    read_tree,
    report,
    with_initializers,
)

ADVICE = "move what it needs to tests/factories, tests/fakes or a named module"


@pytest.fixture
def tree(tmp_path):
    """Return a function that writes files and reads the tree that they make."""

    def write(files):
        for path, source in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source)
        return read_tree(tmp_path)

    return write


def test_imports_for_types_and_in_functions_are_counted(tree):
    source = """\
from typing import TYPE_CHECKING
import model.b
from model import c
from . import d

if TYPE_CHECKING:
    from model.e import E

def late():
    from model.f.g import name
    importlib.import_module("model.h")
    __import__("model.i")
"""
    others = dict.fromkeys(
        ["model/b.py", "model/c.py", "model/d.py", "model/e.py", "model/f/__init__.py", "model/h.py", "model/i.py"], ""
    )

    found = tree({"model/a.py": source, "model/__init__.py": "", "model/f/g.py": "name = 1\n", **others})

    names = {"b.py", "c.py", "d.py", "e.py", "f/g.py", "h.py", "i.py"}
    assert found.imports["model/a.py"] == {f"model/{name}" for name in names}


@pytest.mark.parametrize("imported", ["from model.a import A", "import model.a", "def late():\n    import model.a"])
def test_a_circle_between_files_is_refused(tree, imported):
    found = tree({"model/a.py": "import model.b\n", "model/b.py": "import model.c\n", "model/c.py": f"{imported}\n"})

    assert broken_rules(found, {}) == ["these files import one another in a circle: model/a.py, model/b.py, model/c.py"]


def test_two_circles_that_share_no_file_are_two():
    imports = {"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"c"}, "e": {"a"}}

    assert sorted(circles(imports)) == [["a", "b"], ["c", "d"]]


def test_a_circle_between_folders_is_refused_unless_a_command_makes_it(tree):
    files = {"model/a/one.py": "import model.b.one\n", "model/b/one.py": "", "model/b/two.py": "import model.a.two\n"}

    found = tree({**files, "model/a/two.py": "", "model/b/__main__.py": "import model.a.two\n"})

    assert broken_rules(found, {}) == ["these folders of model import one another in a circle: a, b"]
    assert list(folder_circles({**found.imports, "model/b/two.py": set()})) == []


def test_a_folder_with_too_many_modules_is_refused_unless_it_is_an_exception(tree):
    many = {f"tests/unit/test_{number}.py": "" for number in range(MOST_MODULES + 1)}

    found = tree({**many, "tests/unit/__init__.py": ""})

    assert broken_rules(found, {}) == [
        f"tests/unit holds {MOST_MODULES + 1} modules; divide it into folders of {MOST_MODULES} at most"
    ]
    assert broken_rules(found, {"tests/unit": "a reason"}) == []


def test_an_exception_that_is_not_needed_and_a_fourth_are_refused(tree):
    found = tree({"model/a.py": ""})

    assert broken_rules(found, {"model": "a reason"}) == ["structure.toml: model needs no exception: remove it"]
    many = {f"model/{folder}/m{number}.py": "" for folder in "abcd" for number in range(MOST_MODULES + 1)}
    exceptions = {f"model/{folder}": "a reason" for folder in "abcd"}
    assert broken_rules(tree(many), exceptions) == ["structure.toml: there are 4 exceptions; 3 are allowed"]


@pytest.mark.parametrize("name", ["test_other", "conftest"])
def test_an_import_of_a_test_is_refused(tree, name):
    found = tree({"tests/unit/test_one.py": f"from tests.unit.{name} import help_out\n", f"tests/unit/{name}.py": ""})

    assert broken_rules(found, {}) == [f"tests/unit/test_one.py imports tests/unit/{name}.py: {ADVICE}"]


def test_an_import_of_the_tests_by_name_is_refused_in_the_product(tree):
    source = 'import importlib\n\nimportlib.import_module("tests.fakes.one")\n'

    found = tree({"model/a.py": source, "tests/fakes/one.py": ""})

    assert broken_rules(found, {}) == ["model/a.py imports tests/fakes/one.py: the product never imports its tests"]


@pytest.mark.parametrize("name", ['f"model.{name}"', "name", '"model." + name'])
def test_an_import_of_a_computed_name_is_refused_in_the_product(tree, name):
    source = f"import importlib\n\nname = 'b'\nimportlib.import_module({name})\n"
    found = tree({"model/a.py": source, "tests/fakes/one.py": source})

    assert broken_rules(found, {}) == [
        "model/a.py imports a module whose name it computes, which no rule sees: name the module"
    ]
    assert broken_rules(found, {}, {"model/a.py": "a reason"}) == []


def test_an_exception_for_a_computed_name_that_is_not_needed_is_refused(tree):
    assert broken_rules(tree({"model/a.py": ""}), {}, {"model/a.py": "a reason"}) == [
        "structure.toml: model/a.py needs no exception: remove it"
    ]


def test_the_report_counts_imports_between_folders_and_lines_without_generated_files(tree, tmp_path):
    found = tree(
        {
            "model/recipes/a/one.py": "import model.recipes.b.one\nimport model.recipes.a.two\n",
            "model/recipes/a/two.py": "",
            "model/recipes/b/one.py": "x = 1\n",
            "model/generated/schema.py": "x = 1\n" * 50,
            "tests/test_one.py": "x = 1\n",
        }
    )

    assert folder_imports(found.imports, "model/recipes/") == {("a", "b"): 1}
    assert count_lines(found, tmp_path) == {"model": 3, "tests": 1}
    assert "imports between the folders of model/recipes   1" in report(found, tmp_path)


def test_this_tree_is_read():
    assert "deployment/check/structure.py" in read_tree(ROOT).imports


def test_a_circle_through_the_initializer_of_a_package_is_found():
    imports = {
        "pkg/__init__.py": {"pkg/worker.py"},
        "pkg/worker.py": {"other.py"},
        "other.py": {"pkg/zebra.py"},
        "pkg/zebra.py": set(),
    }

    assert circles(imports) == []
    assert circles(with_initializers(imports)) == [["other.py", "pkg/__init__.py", "pkg/worker.py"]]
