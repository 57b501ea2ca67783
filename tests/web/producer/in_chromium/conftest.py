"""A shop of its own for each test, and a visitor with nothing stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.producer.in_chromium.shop import open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.web.producer.in_chromium.shop import Shop


@pytest.fixture
def shop(module: bytes) -> Iterator[Shop]:
    with open_shop(module) as shop:
        yield shop


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A profile in which pages share the storage."""
    with browser.new_context() as context:
        yield context


@pytest.fixture
def page(visitor: BrowserContext) -> Page:
    return visitor.new_page()
