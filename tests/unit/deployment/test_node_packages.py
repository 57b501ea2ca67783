"""A failed installation of Node.js packages is explained in a few lines, and all of npm's output is in a log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from deployment.node_packages import install

if TYPE_CHECKING:
    from pathlib import Path

OUT_OF_STEP = (
    """npm error code EUSAGE
npm error
npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.
npm error
npm error Missing: left-pad@1.3.0 from lock file
npm error
npm error Clean install a project
npm error
npm error Usage:
npm error npm ci
"""
    + "npm error   --option\n" * 80
)
UNREACHABLE = """npm error code ECONNREFUSED
npm error syscall connect
npm error errno ECONNREFUSED
npm error FetchError: request to http://127.0.0.1:9/typescript failed, reason: connect ECONNREFUSED 127.0.0.1:9
npm error     at ClientRequest.<anonymous> (npm/node_modules/minipass-fetch/lib/index.js:130:14) {
npm error   code: 'ECONNREFUSED',
npm error }
npm error A complete log of this run can be found in: /home/ann/.npm/_logs/1-debug-0.log
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (folder / name).write_text(name)
    return folder


def npm_that(prints: str, status: int) -> list[str]:
    """Return the command of an npm that prints a text and ends with a status."""
    return [sys.executable, "-c", f"import sys; sys.stderr.write({prints!r}); sys.exit({status})"]


@pytest.mark.parametrize(
    ("prints", "reasons", "remedy"),
    [
        (OUT_OF_STEP, ["in sync.", "Missing: left-pad@1.3.0 from lock file"], "npm install --package-lock-only"),
        (UNREACHABLE, ["reason: connect ECONNREFUSED 127.0.0.1:9"], "check the network"),
        ("npm ERR! code E403\nnpm ERR! 403 Forbidden - GET https://registry\n", ["403 Forbidden"], "let"),
        ("".join(f"line {number}\n" for number in range(90)), ["line 89"], "read the log"),
    ],
)
def test_a_failure_is_its_reason_a_remedy_and_the_log(source, tmp_path, capsys, prints, reasons, remedy):
    target = tmp_path / "build" / "web"

    assert install(source, target, npm_that(prints, 3)) == 3

    printed = capsys.readouterr().err.removeprefix(f"  Node.js packages of {source}\n")
    assert printed.startswith(f"npm could not install the packages of {source} (exit status 3):\n")
    assert all(reason in printed for reason in reasons)
    assert remedy in printed.split("remedy: ")[1]
    assert printed.endswith(f"all of it: {target / 'npm.log'}\n")
    assert len(printed.splitlines()) <= 11
    assert (target / "npm.log").read_text() == prints


def test_a_machine_without_npm_is_a_failure_with_its_remedy(source, tmp_path, capsys):
    assert install(source, tmp_path / "target", [str(tmp_path / "npm"), "ci"]) == 127

    assert "remedy: install npm" in capsys.readouterr().err


def test_a_success_prints_what_npm_prints_and_has_the_files_of_the_folder(source, tmp_path, capsys):
    assert install(source, tmp_path / "target", npm_that("added 3 packages\n", 0)) == 0

    assert capsys.readouterr().out == "added 3 packages\n"
    assert (tmp_path / "target" / ".npmrc").read_text() == ".npmrc"
