"""Pictures of the screens, to look at: `python -m tests.web.shop.pictures FOLDER [SCREEN …]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from deployment.package.pages import build_pages
from tests.web import chromium
from tests.web.shop.screens import SCREENS
from tests.web.shop.site import open_site

ROOT = Path(__file__).resolve().parents[3]
WHOLE = ("item", "five")
"""Screens of which a picture has more than what fits into the window."""

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "device_scale_factor": 2},
}
MOVEMENT_MS = 700


def main() -> None:
    """Build the pages, and write a picture of each screen in each look."""
    folder, *names = sys.argv[1:]
    built = Path(folder, "pages")
    build_pages(ROOT, built)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        for look, options in LOOKS.items():
            for name in names or SCREENS:
                with open_site(built) as site, browser.new_context(**options) as context:
                    page = context.new_page()
                    SCREENS[name].open(page, site)
                    page.wait_for_timeout(MOVEMENT_MS)
                    page.screenshot(path=Path(folder, f"{name}-{look}.png"), full_page=name in WHOLE)
        browser.close()


if __name__ == "__main__":
    main()
