"""Each screen for everybody: axe, both colour schemes, widths from 320 to 1,920 px, wider spacing, large targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.shop.measures import CUT, OVERFLOW, SMALL_TARGETS, SPACING, find_violations
from tests.web.shop.screens import SCREENS

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.shop.site import Site

WIDTHS = (320, 390, 768, 1280, 1920)


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_for_everybody(name: str, page: Page, site: Site):
    # Without movement, which axe and the boxes would see half done.
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    SCREENS[name].open(page, site)

    assert find_violations(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert find_violations(page, "color-contrast") == []
    assert page.evaluate(SMALL_TARGETS) == []
    for spacing in (False, True):
        if spacing:
            page.evaluate(SPACING)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            where = f"{name}, {width} px, {'wider spacing' if spacing else 'as it is'}"
            assert page.evaluate(OVERFLOW) == 0, where
            assert page.evaluate(CUT) == [], where
