"""The built pages: the same bytes each time, small, without anything that the security policy forbids; and contrast."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from deployment.package.page import PageBuildError
from deployment.package.pages import ASSETS, build_pages, digest_of

ROOT = Path(__file__).resolve().parents[3]
MISSING = ROOT / "infrastructure/modules/web/missing.tf"
TOKENS = (ROOT / "backend/web/design/tokens.css").read_text(encoding="utf-8")
BACKGROUNDS = ("bg", "surface", "raised")
TEXT, CONTROLS = 4.5, 3.0


def gzipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))


def test_two_builds_are_the_same_bytes(built: Path, tmp_path: Path):
    build_pages(ROOT, tmp_path / "elsewhere")

    assert digest_of(tmp_path / "elsewhere") == digest_of(built)


def test_cloudfront_has_every_page_and_file_for_existing(built: Path):
    page_paths = re.search(r"page_paths = (\[.*\])", MISSING.read_text(encoding="utf-8"))
    files = {f"/{path.relative_to(built)}" for path in built.rglob("*") if path.is_file()}

    assert page_paths
    assert {path for path in files if path.endswith(".html")} | {"/"} == {*json.loads(page_paths[1])}
    assert all(re.search(r"\.[a-z0-9]+$", path) for path in files)


def test_the_pages_are_small(built: Path):
    sizes = {path.name.split("-")[0] + path.suffix: gzipped(path) for path in (built / ASSETS).iterdir()}

    assert sizes.keys() == {"shop.js", "shop.css", "reference.js", "reference.css", "icon.svg"}
    assert sizes["shop.js"] <= 40_000
    assert sizes["shop.css"] <= 8_000
    assert sizes["reference.js"] <= 20_000


def test_a_page_starts_files_with_a_digest_in_their_names_and_nothing_inline(built: Path):
    for name in ("index.html", "reference.html"):
        text = (built / name).read_text(encoding="utf-8")
        paths = re.findall(r'(?:src|href)="([^"]+)"', text)
        assert len(paths) == 3
        assert all(re.fullmatch(rf"{ASSETS}/\w+-[0-9A-Z]{{8}}\.(?:js|css|svg)", path) for path in paths)
        assert all((built / path).is_file() for path in paths)
        assert len(re.findall(r'integrity="sha384-[A-Za-z0-9+/]{64}"', text)) == 2
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\son\w+=|https?://", text)
    assert not (built / "config.json").exists()
    assert json.loads((built / "openapi.json").read_text(encoding="utf-8"))["openapi"].startswith("3.")


def test_no_program_writes_markup(built: Path):
    for path in (built / ASSETS).glob("*.js"):
        assert not re.findall(r"document\.write|insertAdjacentHTML|\beval\(|new Function", path.read_text())


def test_a_missing_bundler_is_explained(tmp_path: Path):
    with pytest.raises(PageBuildError, match=r"make build/web/\.ready"):
        build_pages(tmp_path, tmp_path / "pages")


def colours() -> dict[str, tuple[str, str]]:
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast as WCAG 2.2 defines it, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("role", "least"),
    [*((role, TEXT) for role in ("ink", "muted", "accent", "good", "bad", "warn")), ("border", CONTROLS)],
)
def test_contrast_of_each_role_on_each_background(role: str, least: float, scheme: int):
    for background in BACKGROUNDS:
        assert contrast(colours()[role][scheme], colours()[background][scheme]) >= least, background


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast_of_text_on_the_accent(scheme: int):
    assert contrast(colours()["on-accent"][scheme], colours()["accent"][scheme]) >= TEXT
