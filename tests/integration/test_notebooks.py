"""The notebooks run from top to bottom, in their order, and are kept without what they printed."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.fakes.notebooks import executed, printed

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "model" / "notebooks").glob("*.ipynb"))
KEPT = [*NOTEBOOKS, *(ROOT / "data" / "analysis").glob("*.ipynb")]


@pytest.mark.timeout(600)
def test_the_notebooks_run_one_after_the_other():
    said = {path.stem: printed(executed(nbformat.read(path, as_version=4), path.parent)) for path in NOTEBOOKS}

    assert list(said) == ["1-generate-data", "2-train-and-explain", "3-test-and-compare"]
    assert "['events.jsonl', 'expected.json', 'items.jsonl', 'users.jsonl']" in said["1-generate-data"]
    assert "item-" in said["2-train-and-explain"]
    assert said["2-train-and-explain"].endswith("True"), "the loaded model answers otherwise"
    assert "['better']" in said["3-test-and-compare"], "the default recipe is no better than what is popular"


def test_a_cell_that_fails_fails_the_test():
    broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])

    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        executed(broken, NOTEBOOKS[0].parent)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)

    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
