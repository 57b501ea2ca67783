"""The mutations fit the tree, and a change that no test notices is reported."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from tests.faults.mutations import ROOT, Mutation, StaleMutationError, check, mutate, read_mutations

MUTATION = Mutation("sum", "a sum is a sum", "sums.py", "a + b", "a - b", "test_code.py::test_sum")


@pytest.mark.parametrize("mutation", read_mutations(), ids=lambda mutation: mutation.name)
def test_a_mutation_fits_the_tree(mutation):
    path, _, name = mutation.test.partition("::")

    assert (ROOT / mutation.file).read_text().count(mutation.text) == 1
    assert f"def {name}(" in (ROOT / path).read_text()
    assert mutation.replacement != mutation.text


@pytest.fixture
def tree(tmp_path):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "sums.py").write_text("def add(a, b):\n    return a + b\n")
    (tmp_path / "test_code.py").write_text("from sums import add\n\ndef test_sum():\n    assert add(2, 0) == 2\n")
    return tmp_path


def test_a_text_that_does_not_stand_once_is_stale(tree):
    for text in ("a * b", "a"):
        with pytest.raises(StaleMutationError, match=r"^sum: its text stands \d times in sums\.py$"):
            mutate(tree, replace(MUTATION, text=text))


def test_a_change_that_the_test_does_not_notice_survives_and_the_tree_is_unchanged(tree, capsys):
    noticed = replace(MUTATION, name="noticed", replacement="a - b - 1")

    assert check(tree, [MUTATION, noticed]) == [MUTATION]
    assert "a + b" in (tree / "sums.py").read_text()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["sum", "survived"], ["noticed", "red"]]


def test_a_test_that_fails_before_the_change_is_stale(tree):
    with pytest.raises(StaleMutationError, match="before anything is replaced"):
        check(tree, [replace(MUTATION, test="test_code.py::test_that_does_not_exist")])
