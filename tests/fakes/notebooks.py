"""Executes notebooks."""

from __future__ import annotations

import sys

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

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
