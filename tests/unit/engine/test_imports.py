"""What importing a part of the engine loads."""

from __future__ import annotations

import subprocess
import sys


def test_the_pool_of_job_processes_loads_neither_scipy_nor_numpy():
    code = "import sys; import model.engine.jobs.processes; print(*sorted({'scipy', 'numpy'} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == []
