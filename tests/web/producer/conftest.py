"""The producer of pages, built as a shop gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployment.package.page import PageBuildError, build_page

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the module and its types."""
    folder = tmp_path_factory.mktemp("page")
    try:
        build_page(ROOT, folder)
    except PageBuildError as error:
        pytest.fail(str(error))
    return folder
