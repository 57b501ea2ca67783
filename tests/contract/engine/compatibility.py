"""What the engine honours, operation by operation, from the marks of its tests, and the conformance corpus.

`python -m tests.contract.engine.compatibility` writes model/engine/COMPATIBILITY.md; with `--check` it checks instead
that the page agrees with the marks.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from model.engine.http.wire import CONTROL, EVENTS, RUNTIME, operations
from tests.contract.engine.conformance.corpus import NEITHER, Corpus, read_corpus

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[3]
TESTS = Path(__file__).parent
PAGE = ROOT / "model" / "engine" / "COMPATIBILITY.md"
KINDS = ("honours", "differs")
MAY_NOT_RUN = ("skip", "skipif", "xfail")  # a test with such a mark may show nothing
HEADINGS = {CONTROL: "Control plane", EVENTS: "Events", RUNTIME: "Answers"}
INTRODUCTION = """\
# What the engine honours of Amazon Personalize's API

Each line states what a test shows with boto3 against a real engine process; `clients/test_shop.py` repeats the main
operations with the AWS command line, `clients/test_every_operation.py` calls all with Amazon's SDK for JavaScript, and
`flows` has published flows as a notebook makes them, which waits for jobs, trainings and deployments and never retries.
**Differs** marks a deliberate difference; the reasons are in [CHOICES.md](CHOICES.md).
`python -m tests.contract.engine.compatibility` writes the page from the tests' marks, and `make check` fails when the
page is stale.
"""
CORPUS_INTRODUCTION = """
## Where the service was observed (`conformance/rows.toml`)

The conformance corpus: what Amazon's pages state, what was observed of the service in public, executed notebooks and
solutions, and what the engine does. Where the two differ it follows what was observed.

| row | operations | calls | pages | observed | engine | sources | test |
|---|---|---|---|---|---|---|---|"""


class BadMarkError(Exception):
    """A mark that names no operation, states nothing, or repeats a statement."""


@dataclass
class Shown:
    """What tests show of one operation: each statement with the tests that make it."""

    honours: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    differs: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class Marks:
    """A plugin of pytest that reads the marks of what is collected."""

    def __init__(self) -> None:
        self.found: list[tuple[str, tuple[object, ...], str]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if any(item.get_closest_marker(name) for name in MAY_NOT_RUN):
                continue
            test = f"{item.path.relative_to(TESTS).as_posix()}::{getattr(item, 'originalname', item.name)}"
            for kind in KINDS:
                # The nearest mark comes first; a reader expects the order in which they are written.
                marks = reversed(list(item.iter_markers(kind)))
                self.found += [(kind, mark.args, test) for mark in marks]


def collect() -> list[tuple[str, tuple[object, ...], str]]:
    """Return (kind, arguments, test) of every mark below this folder.

    Raises
    ------
    BadMarkError
        The tests cannot be collected.
    """
    marks = Marks()
    # Silent, without the terminal's plugin and so without the options that pyproject.toml gives it.
    options = ["--collect-only", "-p", "no:terminal", "-o", "addopts=", "--import-mode=importlib"]
    status = pytest.main([*options, str(TESTS)], plugins=[marks])
    if status != pytest.ExitCode.OK:
        raise BadMarkError(f"the tests below {TESTS.relative_to(ROOT)} cannot be collected: run pytest to see why")
    return marks.found


def by_operation(marks: Iterable[tuple[str, tuple[object, ...], str]]) -> dict[str, Shown]:
    """Sort marks by operation.

    Parameters
    ----------
    marks : iterable of (kind, arguments, test)

    Returns
    -------
    dict
        Of every operation of the three services, also of those that no test shows.

    Raises
    ------
    BadMarkError
        A mark has other arguments than an operation and a phrase, or two marks of an operation make the same statement.
    """
    shown = {name: Shown() for name in operations()}
    for kind, arguments, test in marks:
        match arguments:
            case (str(operation), str(what)) if operation in shown and what.strip() and not what.endswith("."):
                tests = getattr(shown[operation], kind)[what]
                if test not in tests:
                    tests.append(test)
            case _:
                raise BadMarkError(
                    f"{test}: {kind}{arguments} must name one of the {len(shown)} operations and state in a phrase, "
                    "without a full stop, what the test shows"
                )
    _check_statements_differ(shown)
    return shown


def _check_statements_differ(shown: dict[str, Shown]) -> None:
    for operation, marks in shown.items():
        tests_of: defaultdict[str, set[str]] = defaultdict(set)
        for statements in (marks.honours, marks.differs):
            for what, tests in statements.items():
                tests_of[" ".join(re.findall(r"\w+", what.lower()))].update(tests)
        for what, all_tests in tests_of.items():
            if len(all_tests) > 1:
                raise BadMarkError(
                    f"{' and '.join(sorted(all_tests))} make the same statement about {operation}: {what}"
                )


def page(shown: dict[str, Shown], corpus: Corpus) -> str:
    """Return the page as Markdown."""
    without_test = unshown(shown)
    lines = [INTRODUCTION, "| service | operations | shown by a test | honours | differs |", "|---|---|---|---|---|"]
    sections = []
    for service, heading in HEADINGS.items():
        names = sorted(name for name, operation in operations().items() if operation.service == service)
        shown_names = [name for name in names if name not in without_test]
        counts = (
            len(names),
            len(shown_names),
            *(sum(len(getattr(shown[name], kind)) for name in shown_names) for kind in KINDS),
        )
        lines.append(f"| `{service}` | {' | '.join(map(str, counts))} |")
        sections.append(f"\n## {heading} (`{service}`)")
        for name in shown_names:
            sections += [f"\n### {name}", *_statements(shown[name])]
    if without_test:
        lines.append(f"\nNo test shows {', '.join(without_test)}.")
    return "\n".join([*lines, *_conformance(corpus), *sections]) + "\n"


def _conformance(corpus: Corpus) -> list[str]:
    numbers = {name: number for number, name in enumerate(corpus.sources, 1)}
    lines = [CORPUS_INTRODUCTION]
    for row in corpus.rows:
        choice = f"**Differs:** {row.choice}" if row.follows == NEITHER else f"{row.choice} ({row.follows})"
        sources = ", ".join(str(numbers[name]) for name in row.sources)
        cells = (row.id, ", ".join(row.operations), row.in_short, row.page, row.observed, choice, sources)
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} | {_links([row.test])} |")
    return [*lines, "", *(f"{numbers[name]}. {text}" for name, text in corpus.sources.items())]


def unshown(shown: dict[str, Shown]) -> list[str]:
    """Return the operations of which no test shows anything."""
    return sorted(name for name, marks in shown.items() if not marks.honours and not marks.differs)


def _statements(shown: Shown) -> list[str]:
    lines = [f"- {what} ({_links(tests)})" for what, tests in sorted(shown.honours.items())]
    return lines + [f"- **Differs:** {what} ({_links(tests)})" for what, tests in sorted(shown.differs.items())]


def _links(tests: list[str]) -> str:
    links = []
    for test in sorted(tests):
        path, _, name = test.partition("::")
        links.append(f"[`{name}`](../../{(TESTS / path).relative_to(ROOT).as_posix()})")
    return ", ".join(links)


def main() -> int:
    """Write the page, or check it.

    Returns
    -------
    int
        1 where a mark is bad, or, under `--check`, where an operation has no test or the page is stale.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.contract.engine.compatibility", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where an operation has no test or the page is stale"
    )
    check = parser.parse_args().check
    try:
        shown = by_operation(collect())
    except BadMarkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    text = page(shown, read_corpus())
    if not check:
        PAGE.write_text(text, encoding="utf-8")
    elif without_test := unshown(shown):
        sys.stderr.write(f"no test shows {', '.join(without_test)}\n")
        return 1
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write(
            f"{PAGE.relative_to(ROOT)} is stale: write it with python -m tests.contract.engine.compatibility\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
