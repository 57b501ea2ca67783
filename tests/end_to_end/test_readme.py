"""The examples of the README, executed unchanged."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
README_OF_UPLOADS = (ROOT / "backend" / "upload" / "README.md").read_text(encoding="utf-8")


def examples(language: str, word: str, readme: str = README) -> list[str]:
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)
    return [block for block in blocks if word in block]


def test_a_producers_example_is_accepted(pipeline):
    (example,) = examples("sh", "$API/events")
    environment = {"PATH": os.environ["PATH"], "API": pipeline.api.url, "KEY": pipeline.api.key}

    finished = subprocess.run(["bash", "-c", example], env=environment, capture_output=True, text=True, check=True)

    answer = json.loads(finished.stdout)
    assert (answer["accepted"], answer["refused"]) == (2, 0)


@pytest.mark.parametrize("language", ["sh", "python"])
def test_an_example_of_an_upload_starts_one(pipeline, tmp_path, language):
    (example,) = examples(language, "/uploads", README_OF_UPLOADS)
    command = ["bash", "-ec", example] if language == "sh" else [sys.executable, "-c", example]
    environment = {"PATH": os.environ["PATH"], "API": pipeline.api.url, "KEY": pipeline.api.key}

    finished = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)

    assert "/update-data/" in finished.stdout


def test_an_analysts_example_returns_rows(pipeline):
    (example,) = examples("python", "awswrangler")
    code = example.replace("rivulet_dev", pipeline.made["database"]).replace(
        "rivulet-dev", pipeline.made["athena_workgroup"]
    )
    variables: dict[str, Any] = {}

    exec(code, variables)

    assert len(variables["frame"]) > 0
