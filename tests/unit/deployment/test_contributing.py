"""The pages for contributors: every path that they name exists, and the lists of files to change are complete."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = ("deployment/architecture.md", "deployment/glossary.md", ".github/CONTRIBUTING.md")
FOLDERS = ("backend", "data", "deployment", "infrastructure", "model", "scripts", "tests", ".github")
GUIDE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")

# By heading of the guide: where the example's files are searched, and which of them no contributor changes by hand.
SCOPES = {
    "Add an event field": (("backend", "scripts"), r"/generated/|README\.md"),
    "Add a Lambda function": (
        (
            "deployment/package",
            ":(glob)infrastructure/*.tf",
            ":(glob)infrastructure/tests/*.hcl",
            "infrastructure/modules/observability",
        ),
        r"infrastructure/locals\.tf|README\.md",  # the ARN of this one function, for the state machine
    ),
    "Add an override of the emulator": (
        ("deployment/emulator/overrides.py", "tests/contract/emulator/test_dynamodb.py"),
        r"^$",
    ),
}


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", GUIDE, flags=re.MULTILINE)
    return {heading: text for heading, text in zip(parts[1::2], parts[2::2], strict=True) if "Example:" in text}


def example_and_files(text: str) -> tuple[str, list[str]]:
    (example,) = re.findall(r"^Example: `(\w+)`\.$", text, flags=re.MULTILINE)
    return example, re.findall(r"^\d+\. `([^`]+)`:", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_on_a_page_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = {path.rstrip("/") for path in re.findall(r"`([\w./-]+/[\w./-]+)`", text) if path.split("/")[0] in FOLDERS}

    assert paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("heading", sections())
def test_each_listed_file_mentions_the_example(heading):
    example, files = example_and_files(sections()[heading])

    assert len(files) >= 3
    assert [path for path in files if example not in (ROOT / path).read_text(encoding="utf-8") + path] == []


@pytest.mark.parametrize("heading", SCOPES)
def test_no_file_that_mentions_the_example_is_missing_from_the_list(heading):
    example, files = example_and_files(sections()[heading])
    scope, excluded = SCOPES[heading]
    # Quoted or as a member: the plain word `judge` is prose as well.
    pattern = rf"\b{example}\b" if "_" in example else rf"[\"/-]{example}\b|^\s+{example} +="
    found = subprocess.run(
        ["git", "grep", "--untracked", "-lP", pattern, "--", *scope],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert found
    assert {path for path in found if not re.search(excluded, path)} - set(files) == set()


def test_every_relative_link_of_a_page_leads_to_a_file():
    pages = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8"))
        if "://" not in target
    ]

    assert links
    assert [(page, target) for page, target in links if not ((ROOT / page).parent / target).exists()] == []
