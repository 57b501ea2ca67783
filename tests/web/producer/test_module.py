"""The producer of pages as a shop gets it: small, self-contained and typed; its rules on a browser of fakes."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from backend.contract.rules.placeholder_ids import is_placeholder
from deployment.package.page import (
    INTERNAL,
    MAXIMUM_GZIPPED,
    TOOLS,
    PageBuildError,
    build_page,
    build_script,
    build_types,
)

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = Path(__file__).with_name("sample.ts")
RULES = Path(__file__).with_name("rules")


def run(*command, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)


def test_the_module_is_small_and_has_one_export(module):
    assert len(gzip.compress(module, 9)) <= MAXIMUM_GZIPPED == 5000
    assert re.fullmatch(rb"export\{\w+ as createClient\}", b"".join(re.findall(rb"\b(?:export|import)\b[^;]*", module)))


def test_the_module_needs_no_eval_no_injected_script_and_no_markup(module):
    assert not re.findall(rb"\beval\b|new Function|innerHTML|createElement|document\.write|https?://", module)


def test_no_name_that_a_page_uses_is_shortened():
    published = build_types(ROOT)

    names = set(re.findall(r"^ *(\w+)\??[:(<]", published, re.MULTILINE))
    assert "impressions" in names
    assert not names & set(INTERNAL.split("|"))


def test_a_module_that_cannot_be_built_is_explained(tmp_path):
    with pytest.raises(PageBuildError, match=r"make build/web/\.ready"):
        build_page(tmp_path, tmp_path)


@pytest.mark.parametrize("around", ["", " ", "\u200b", "\u2060\u00a0", "\x85", "\u3164\uffa0"])
def test_what_the_contract_refuses_as_an_id_is_left_out_and_nothing_else(around):
    words = [
        "",
        "null",
        "NaN",
        "(none)",
        "<nil>",
        "[undefined]",
        "[object Object]",
        r"\N",
        "i-1",
        "nullify",
        "Nana",
        "-",
        "#",
    ]
    ids = [f"{around}{word}{around}" for word in words]
    (pattern,) = re.findall(
        r"PLACEHOLDER = (/.*/i);", (ROOT / "backend/web/producer/generated/contract.ts").read_text()
    )

    left_out = run("node", "-p", f"JSON.stringify({json.dumps(ids)}.filter((id) => {pattern}.test(id)))")

    assert json.loads(left_out.stdout) == [each for each in ids if is_placeholder(each)]


def test_the_published_types_accept_what_the_contract_has_and_nothing_else(tmp_path):
    (tmp_path / "rivulet.d.ts").write_text(build_types(ROOT))
    (tmp_path / "tsconfig.json").write_text(
        json.dumps(
            {
                "extends": str(ROOT / "backend/web/tsconfig.json"),
                "compilerOptions": {"rootDir": "/", "paths": {"rivulet": [str(tmp_path / "rivulet.d.ts")]}},
                "include": [str(SAMPLE)],
            }
        )
    )

    done = run(str(ROOT / TOOLS / "tsc"), "--project", str(tmp_path))
    assert done.returncode == 0, done.stdout


def test_the_rules_hold_on_a_browser_of_fakes(tmp_path):
    script = build_script(ROOT, tmp_path / "rivulet.js")
    tests = sorted(map(str, RULES.glob("*.test.mjs")))
    done = run("node", "--test", "--test-reporter=tap", *tests, RIVULET_SCRIPT=str(script))
    assert done.returncode == 0, done.stdout
    (passed,) = re.findall(r"^# pass (\d+)", done.stdout, re.MULTILINE)
    assert int(passed) > 40


def test_the_lock_names_no_registry():
    packages = json.loads((ROOT / "backend/web/package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
