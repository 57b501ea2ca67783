"""The conformance corpus: what the pages say of calls, what was observed of the service, and what the engine does.

`rows.toml` is the table. A row with calls is executed by `test_corpus.py`; any other row names the test that shows it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("rows.toml")
EXECUTED_BY = "conformance/test_corpus.py::test_the_calls_of_a_row_end_as_the_row_states"
# Which of the two the engine follows; a row of neither is a deliberate difference.
OBSERVATION, PAGE, NEITHER = "observation", "page", "neither"


class CorpusError(Exception):
    """The table breaks a rule of its form; the message names the row."""


@dataclass(frozen=True)
class Call:
    """A call of a row, or a file that is put into S3 before the next call.

    Attributes
    ----------
    call : str
        A method of a boto3 client, such as create_schema.
    request : dict
        Its arguments. `$name` in a text is replaced: group, interactions, items, tracker, role, bucket, and what
        earlier calls kept.
    refused : str
        The error that the call ends with; by default it succeeds.
    message : str
        A part of the error's message.
    until : list of str
        The call is repeated until the described resource has one of these statuses.
    answer, contains : dict
        Members of the answer, by their path with full stops, and their values or parts of them.
    keep : dict
        Names for members of the answer that later calls need.
    file, text : str
        A key in the bucket, and what is put there.
    """

    call: str = ""
    request: dict[str, Any] | None = None
    refused: str = ""
    message: str = ""
    until: tuple[str, ...] = ()
    answer: dict[str, Any] | None = None
    contains: dict[str, str] | None = None
    keep: dict[str, str] | None = None
    file: str = ""
    text: str = ""


@dataclass(frozen=True)
class Row:
    """One behaviour of the service.

    Attributes
    ----------
    operations : list of str
        Operations of the API that the row is about.
    in_short : str
        The calls in short.
    page, observed, choice : str
        What Amazon's pages state, what was observed of the service, and what the engine does.
    sources : list of str
        Names in the table of sources: where the observation, or else the page, is public.
    follows : str
        observation, page, or neither.
    test : str
        Path below tests/contract/engine, `::`, name of the test.
    """

    id: str
    operations: tuple[str, ...]
    in_short: str
    page: str
    observed: str
    sources: tuple[str, ...]
    choice: str
    follows: str
    test: str = EXECUTED_BY
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Corpus:
    """All rows, and the public sources by name."""

    rows: tuple[Row, ...]
    sources: dict[str, str]


def read_corpus(path: Path = TABLE) -> Corpus:
    """Read and check the table.

    Raises
    ------
    CorpusError
        A row has an unknown key or source, an id that another row has, or both or neither of calls and a test.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    sources = document["sources"]
    rows = [_read_row(entry) for entry in document["rows"]]
    for place, row in enumerate(rows):
        if any(other.id == row.id for other in rows[:place]):
            raise CorpusError(f"two rows have the id {row.id}")
        if not row.sources or not sources.keys() >= set(row.sources):
            raise CorpusError(f"{row.id}: its sources {list(row.sources)} must be names in the table of sources")
        if row.follows not in {OBSERVATION, PAGE, NEITHER}:
            raise CorpusError(f"{row.id} follows {row.follows}: it must be {OBSERVATION}, {PAGE} or {NEITHER}")
        if bool(row.calls) == (row.test != EXECUTED_BY):
            raise CorpusError(f"{row.id} must have either calls or the test that shows it")
    return Corpus(tuple(rows), sources)


def _read_row(entry: dict[str, Any]) -> Row:
    try:
        calls = tuple(Call(**call) for call in entry.get("calls", []))
        return Row(**{**entry, "calls": calls})
    except TypeError as error:
        raise CorpusError(f"{entry.get('id')}: {error}") from None
