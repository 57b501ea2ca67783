"""The archives: the same bytes from the same source, and no more of the source than a function needs."""

from __future__ import annotations

import os
import zipfile

import pytest

from deployment.package.__main__ import FUNCTIONS, LOCKS, ROOT
from deployment.package.archive import files_below, write_archive
from deployment.package.dependencies import is_loaded
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


def test_only_the_function_that_reads_uploads_has_the_reader_of_parquet():
    locks = {name: (ROOT / "deployment" / "requirements" / f"{LOCKS[name]}.txt").read_text() for name in FUNCTIONS}
    packages = {
        name: {line.split(" ")[0] for line in lock.splitlines() if "==" in line} for name, lock in locks.items()
    }

    others = packages.pop("collect") - {"pyarrow==25.0.1"}
    assert all(of == others for of in packages.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pyarrow/libarrow.so.2500", True),
        ("pyarrow/libarrow_python.so.2500", True),
        ("pyarrow/lib.cpython-313-aarch64-linux-gnu.so", True),
        ("pyarrow/include/arrow/api.h", False),
        ("pyarrow/tests/test_array.py", False),
        ("pyarrow/libarrow_flight.so.2500", False),
        ("pyarrow/libarrow_python.so.2500.1.0", False),
        ("pyarrow/libarrow_python.so", False),
        ("pyarrow/lib.pyx", False),
        ("other/include/arrow/api.h", True),
    ],
)
def test_of_pyarrow_only_what_reads_parquet_is_packed(name, expected):
    assert is_loaded(name) == expected
