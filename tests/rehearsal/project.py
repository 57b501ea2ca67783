"""A copy of the project with commits of its own, in which the commands of a deployment run as a user runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployment.local.cloud import ENVIRONMENTS, Cloud
from deployment.local.demo.api import Api
from deployment.local.provision import api_key, provisioned
from deployment.terraform import PROJECT
from tests.end_to_end.pipeline import Pipeline

if TYPE_CHECKING:
    from pathlib import Path

NAME = "rehearsal"
_SHOWN_LINES = 24
_IDENTITY = ("-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com")


@dataclass(frozen=True)
class Rehearsal:
    """The copy, and the laptop's cloud that lies in it."""

    folder: Path
    port: int
    engine_port: int
    shop_port: int

    @property
    def cloud(self) -> Cloud:
        """The cloud, whose processes the copy's own commands start and stop."""
        return Cloud(self.folder / "build" / "local" / NAME, self.port, self.engine_port, self.shop_port)

    def copy(self) -> None:
        """Copy what git tracks and what is new, with the environments linked, and commit it."""
        listed = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=PROJECT)
        for name in filter(None, listed.split("\0")):
            if (PROJECT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, self.folder / name)
        (self.folder / "build").mkdir()
        (self.folder / "build" / "env").symlink_to(ENVIRONMENTS)
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit("The project as it is")

    def commit(self, message: str) -> None:
        """Commit everything and print it."""
        self._git("add", "--all")
        self._git(*_IDENTITY, "commit", "--quiet", "--message", message)
        show(f"$ git commit -m '{message}'")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that a file has once, and print the difference."""
        file = self.folder / name
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{name} does not have {old!r} once"
        file.write_text(text.replace(old, new), "utf-8")
        show("\n".join(line for line in self._git("diff", "--unified=0").splitlines() if re.match(r"[-+]", line)))

    def run(self, command: str, status: int = 0) -> str:
        """Run a command of the project, print it and its output, shortened, and return the output."""
        show(f"$ python -m {command}")
        done = subprocess.run(
            [sys.executable, "-m", *command.split()],
            cwd=self.folder,
            env=os.environ
            | {"PYTHONPATH": str(self.folder)}
            | {
                "RIVULET_PORT": str(self.port),
                "RIVULET_ENGINE_PORT": str(self.engine_port),
                "RIVULET_SHOP_PORT": str(self.shop_port),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        show(_shorten(done.stdout) + (f"(exit status {done.returncode})" if done.returncode else ""))
        assert done.returncode == status, done.stdout
        return done.stdout

    def plan(self) -> str:
        """Plan, and return the text."""
        return self.run("deployment.release plan local")

    def apply(self, planned: str) -> None:
        """Apply exactly the plan of a text."""
        sha256 = re.search(r"SHA-256 `([0-9a-f]{64})`", planned)
        assert sha256 is not None
        self.run(f"deployment.release apply local {sha256[1]}")

    def pipeline(self) -> Pipeline:
        """Return the deployed pipeline."""
        made = provisioned(self.cloud)
        return Pipeline(self.cloud, made, Api(made.api_url, api_key(self.cloud)))

    def _git(self, *arguments: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder or self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def show(text: Any = "") -> None:
    """Print a part of the record, which pytest leaves as it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _shorten(text: str) -> str:
    lines = text.splitlines(keepends=True)
    if len(lines) <= _SHOWN_LINES:
        return text
    first, last = lines[: _SHOWN_LINES // 3], lines[-(_SHOWN_LINES - _SHOWN_LINES // 3) :]
    return "".join([*first, f"    … {len(lines) - _SHOWN_LINES} lines …\n", *last])
