"""The notebooks run from top to bottom, in their order, and are kept without what they printed."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "model" / "notebooks").glob("*.ipynb"))
SECONDS_PER_CELL = 240


def executed(notebook, folder):
    """Run a notebook in a kernel of this interpreter, as if it lay in `folder` of the project."""
    kernel = AsyncKernelManager(kernel_name="python3")
    assert kernel.kernel_spec is not None
    kernel.kernel_spec.argv[0] = sys.executable
    place = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, km=kernel, timeout=SECONDS_PER_CELL, resources=place).execute()


def printed(notebook):
    """Return all that a notebook's cells printed or returned as text."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)


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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)

    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
