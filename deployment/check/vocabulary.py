"""Checks the words of the project against `vocabulary.toml`: `python -m deployment.check.vocabulary`."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployment.check.sources import Text, read_texts, tracked_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
VOCABULARY = Path(__file__).with_name("vocabulary.toml")
# Punctuation is a word of its own, so that no phrase reaches over it.
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[.,;:!?()]")

LIST_ITEM = re.compile(r"[#\s]*([-*|>]|\d+\.)")


@dataclass(frozen=True)
class Rule:
    """What to say in place of which words.

    Attributes
    ----------
    say
        The words to use.
    phrases
        The words, or the words in a row, that are not used; in lower case.
    reason
        Why.
    """

    say: str
    phrases: tuple[tuple[str, ...], ...]
    reason: str


@dataclass(frozen=True)
class Allowance:
    """A word that is allowed in the files of a pattern; `*` stands for every word.

    Attributes
    ----------
    path
        Pattern of paths, in which `*` also matches slashes.
    word
        As a rule has it.
    reason
        Why it is allowed.
    """

    path: str
    word: str
    reason: str


@dataclass(frozen=True)
class Finding:
    """A word that is not used in this project.

    Attributes
    ----------
    text
        Where it stands.
    word
        The word or the phrase.
    rule
        What it breaks.
    """

    text: Text
    word: str
    rule: Rule

    def __str__(self) -> str:
        """Return file, line, the word, and what to say instead."""
        where = f"{self.text.path}:{self.text.line}"
        return f'{where}: "{self.word}" in a {self.text.kind}: say {self.rule.say} ({self.rule.reason})'


def read_vocabulary(path: Path = VOCABULARY) -> tuple[list[Rule], list[Allowance]]:
    """Read the rules and what is allowed all the same."""
    document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    rules = [
        Rule(row["say"], tuple(tuple(phrase.split()) for phrase in row["not"]), row["reason"])
        for row in document["rules"]
    ]
    allowed = [Allowance(row["path"], row["word"], row["reason"]) for row in document.get("allowed", [])]
    return rules, allowed


def words_of(text: str) -> list[str]:
    """Split a text or a name into words, at capitals as well, in lower case."""
    return [word.lower() for word in WORD.findall(text)]


def find(texts: Iterable[Text], rules: Iterable[Rule]) -> Iterator[Finding]:
    """Yield every use of a word that a rule names."""
    by_first: dict[str, list[tuple[tuple[str, ...], Rule]]] = {}
    for rule in rules:
        for phrase in rule.phrases:
            by_first.setdefault(phrase[0], []).append((phrase, rule))
    longest = max((len(phrase) for rows in by_first.values() for phrase, _ in rows), default=1)
    before, tail = None, list[str]()
    for text in texts:
        if before is None or not _continues(before, text):
            tail = []
        words = tail + words_of(text.text)
        for place, word in enumerate(words):
            for phrase, rule in by_first.get(word, ()):
                end = place + len(phrase)
                if end > len(tail) and tuple(words[place:end]) == phrase:
                    yield Finding(text, " ".join(phrase), rule)
        before, tail = text, words[len(words) - longest + 1 :] if len(words) >= longest else words


def _continues(before: Text, text: Text) -> bool:
    """Return whether a text is the next line of the one before: the same kind, and no item of a list."""
    is_next = (text.path, text.kind, text.line) == (before.path, before.kind, before.line + 1)
    return is_next and text.kind != "name" and not LIST_ITEM.match(text.text)


def check(
    root: Path, files: Iterable[str], rules: Iterable[Rule], allowed: Iterable[Allowance]
) -> tuple[list[Finding], list[Allowance]]:
    """Return the findings that nothing allows, and the allowances that allow nothing."""
    unused = set(allowed)
    findings = []
    allowances = list(unused)
    for finding in find((text for path in files for text in read_texts(root, path)), rules):
        fitting = [allowance for allowance in allowances if _allows(allowance, finding)]
        unused.difference_update(fitting)
        if not fitting:
            findings.append(finding)
    return findings, sorted(unused, key=lambda allowance: (allowance.path, allowance.word))


def _allows(allowance: Allowance, finding: Finding) -> bool:
    return allowance.word in {"*", finding.word} and fnmatch(finding.text.path, allowance.path)


def main() -> int:
    """Print every finding and every allowance that is not needed; return 1 where there are any."""
    rules, allowed = read_vocabulary()
    findings, unused = check(ROOT, tracked_files(ROOT), rules, allowed)
    for finding in findings:
        print(finding)  # noqa: T201 - a command line answers on its streams
    for allowance in unused:
        print(f'{VOCABULARY.name}: "{allowance.word}" in {allowance.path} allows nothing: remove it')  # noqa: T201
    if findings and "--summary" in sys.argv:
        for (area, word), count in Counter(
            ("/".join(finding.text.path.split("/")[:2]), finding.word) for finding in findings
        ).most_common():
            print(f"{count:5} {word:16} {area}")  # noqa: T201
    return 1 if findings or unused else 0


if __name__ == "__main__":
    sys.exit(main())
