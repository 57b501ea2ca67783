"""The archives: the same bytes from the same source, and no more of the source than a function needs."""

from __future__ import annotations

import os
import zipfile

import pytest

from deployment.package.archive import files_below, write_archive
from deployment.package.sources import imported_packages


@pytest.fixture
def folder(tmp_path):
    source = tmp_path / "source"
    (source / "inner" / "__pycache__").mkdir(parents=True)
    (source / "b.py").write_text("b = 1\n")
    (source / "inner" / "a.py").write_text("a = 1\n")
    (source / "inner" / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    return source


def test_two_builds_of_the_same_source_give_the_same_bytes(folder, tmp_path):
    first = write_archive(tmp_path / "first.zip", dict(files_below(folder)))
    # Given the same content with other times and modes, as after a fresh clone
    os.utime(folder / "b.py", (1, 1))
    (folder / "b.py").chmod(0o755)

    second = write_archive(tmp_path / "second.zip", dict(reversed(list(files_below(folder)))))

    assert first == second
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_a_changed_source_gives_other_bytes(folder, tmp_path):
    first = write_archive(tmp_path / "first.zip", dict(files_below(folder)))
    (folder / "b.py").write_text("b = 2\n")

    assert write_archive(tmp_path / "second.zip", dict(files_below(folder))) != first


def test_what_the_interpreter_leaves_behind_is_not_packed(folder, tmp_path):
    write_archive(tmp_path / "it.zip", dict(files_below(folder)))

    assert zipfile.ZipFile(tmp_path / "it.zip").namelist() == ["b.py", "inner/a.py"]


def test_a_function_takes_the_packages_that_its_imports_reach(tmp_path):
    # Given collect → contract → limits, and another function that is not imported
    sources = {
        "collect": "from backend.contract import read_event\n",
        "contract": "def late():\n    import backend.limits.numbers\n",
        "limits": "",
        "other": "from backend import collect\n",
    }
    for name, text in sources.items():
        (tmp_path / "backend" / name).mkdir(parents=True)
        (tmp_path / "backend" / name / "__init__.py").write_text(text)

    assert imported_packages(tmp_path, "collect") == {"collect", "contract", "limits"}
    assert imported_packages(tmp_path, "other") == {"other", "collect", "contract", "limits"}


def test_an_import_of_a_package_that_is_not_there_is_named(tmp_path):
    (tmp_path / "backend" / "collect").mkdir(parents=True)
    (tmp_path / "backend" / "collect" / "handler.py").write_text("from backend.missing import anything\n")

    with pytest.raises(FileNotFoundError, match=r"backend\.missing"):
        imported_packages(tmp_path, "collect")
