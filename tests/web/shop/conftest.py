"""The built pages, a site of its own for each test, and visitors who look at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deployment.package.page import PageBuildError
from deployment.package.pages import build_pages
from tests.web.shop.site import WATCH, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.web.shop.site import Site

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages."""
    folder = tmp_path_factory.mktemp("pages")
    try:
        build_pages(ROOT, folder)
    except PageBuildError as error:
        pytest.fail(str(error))
    return folder


@pytest.fixture
def site(built: Path) -> Iterator[Site]:
    with open_site(built) as served:
        yield served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A visitor with nothing stored; the page must neither break the security policy nor leave an error unhandled."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_init_script(WATCH)
        opened = context.new_page()
        yield opened
        assert opened.evaluate("window.problems") == []
