"""The rows of the conformance corpus that are calls, and the form of all of them."""

from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name

from model.engine.http.wire import operations
from tests.contract.engine.calls import refusal
from tests.contract.engine.conformance.corpus import NEITHER, TABLE, Call, CorpusError, Row, read_corpus
from tests.contract.engine.running_engine import ROLE, until_status

if TYPE_CHECKING:
    from tests.contract.engine.shops import Shop

ENGINE_TESTS = TABLE.parents[1]
SERVICE_OF = {xform_name(name): operation.service for name, operation in operations().items()}


def executed(row: Row) -> Any:
    mark = pytest.mark.differs if row.follows == NEITHER else pytest.mark.honours
    return pytest.param(row, id=row.id, marks=[mark(operation, row.choice) for operation in row.operations])


@pytest.mark.parametrize("row", [executed(row) for row in read_corpus().rows if row.calls])
def test_the_calls_of_a_row_end_as_the_row_states(new_shop, row):
    known = {
        "group": new_shop.group,
        "interactions": new_shop.datasets["Interactions"],
        "items": new_shop.datasets["Items"],
        "role": ROLE,
        "bucket": "s3://data",
    }
    for call in row.calls:
        if call.file:
            new_shop.s3.put("data", call.file, call.text)
        else:
            known |= make(new_shop, call, known)


def make(shop: Shop, call: Call, known: dict[str, str]) -> dict[str, str]:
    """Make a call, check what it ends with, and return what is kept of its answer."""
    request = filled_in(call.request or {}, known)
    method = getattr(shop.engine.client(SERVICE_OF[call.call], shop.account), call.call)
    if call.refused:
        refused = refusal(method, **request)
        assert refused.code == call.refused
        assert call.message in refused.message
        return {}
    if call.until:
        until_status(lambda: method(**request), *call.until)
    answer = method(**request)
    for path, value in (call.answer or {}).items():
        assert member(answer, path) == value
    for path, part in (call.contains or {}).items():
        assert part in member(answer, path)
    return {name: member(answer, path) for name, path in (call.keep or {}).items()}


def filled_in(value: Any, known: dict[str, str]) -> Any:
    """Return a request with the names after `$` replaced."""
    if isinstance(value, str):
        return Template(value).safe_substitute(known)
    if isinstance(value, list):
        return [filled_in(entry, known) for entry in value]
    return {name: filled_in(entry, known) for name, entry in value.items()} if isinstance(value, dict) else value


def member(answer: Any, path: str) -> Any:
    for name in path.split("."):
        answer = answer[int(name) if isinstance(answer, list) else name]
    return answer


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in read_corpus().rows])
def test_a_row_names_operations_and_a_test_that_exist(row):
    path, _, name = row.test.partition("::")

    assert set(row.operations) <= set(operations())
    assert re.search(rf"^def {name}\(", (ENGINE_TESTS / path).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('id = "b"', 'id = "a"'), "two rows have the id a"),
        (('sources = ["s"]', 'sources = ["t"]'), r"a: its sources \['t'\] must be names"),
        (('sources = ["s"]', "sources = []"), r"a: its sources \[\] must be names"),
        (('follows = "page"', 'follows = "both"'), "a follows both"),
        (('test = "x.py::y"', ""), "a must have either calls or the test"),
        (('test = "x.py::y"', 'tests = "x.py::y"'), "tests"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused_with_the_row(tmp_path, change, message):
    members = 'in_short = "i"\npage = "p"\nobserved = "o"\nchoice = "c"\noperations = ["CreateSchema"]\n'
    row = '[[rows]]\nid = "{}"\n' + members + 'sources = ["s"]\nfollows = "page"\ntest = "x.py::y"\n'
    text = '[sources]\ns = "a page"\n' + row.format("a") + row.format("b")
    table = tmp_path / "rows.toml"
    table.write_text(text)
    assert len(read_corpus(table).rows) == 2

    table.write_text(text.replace(*change))

    with pytest.raises(CorpusError, match=message):
        read_corpus(table)
