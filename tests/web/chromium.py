"""Chromium as a visitor has it: headless, with the back/forward cache, and not marked as driven by a program."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "Chromium is missing, so nothing is tested in a browser; Debian: apt-get install chromium"

_ARGUMENTS = [
    # The producer of pages sends nothing for a browser that a program drives.
    "--disable-blink-features=AutomationControlled",
    # Containers have a small /dev/shm, and often run as root, for whom the sandbox does not start.
    "--disable-dev-shm-usage",
    "--no-sandbox",
]
_LEFT_OUT = ["--disable-back-forward-cache"]


def find_chromium() -> str:
    """Return the path of the system's Chromium; without one the test is skipped, and fails where CI is true."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if path is None:
        pytest.skip(MISSING)
    return path


def launch(playwright: Playwright, *arguments: str) -> Browser:
    """Start Chromium with nothing stored."""
    return playwright.chromium.launch(
        executable_path=find_chromium(), args=[*_ARGUMENTS, *arguments], ignore_default_args=_LEFT_OUT
    )


def launch_with_profile(playwright: Playwright, profile: Path) -> BrowserContext:
    """Start Chromium with what an earlier start has stored in the folder."""
    return playwright.chromium.launch_persistent_context(
        profile,
        executable_path=find_chromium(),
        args=_ARGUMENTS,
        ignore_default_args=_LEFT_OUT,
    )
