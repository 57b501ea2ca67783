"""The vocabulary check: each kind of source can fail it, and what is allowed is needed."""

from __future__ import annotations

import json

import pytest

from deployment.check.vocabulary import Allowance, Rule, check, read_vocabulary, words_of

RULES = [Rule("user", (("person",),), "one term"), Rule("retry", (("come", "again"),), "as AWS says")]
NOTEBOOK = {"cells": [{"cell_type": "markdown", "source": ["# Ask a person\n", "or two"]}]}
CODE = {"cells": [{"cell_type": "code", "source": ["%matplotlib inline\n", "person = 1"]}]}
# A file, its content, and the line and the kind of the one finding.
BAD_SOURCES = [
    ("name.py", "def ask(person):\n    return person\n", 1, "name"),
    ("field.py", "class Row:\n    person_id: int\n", 2, "name"),
    ("attribute.py", "class Row:\n    def __init__(self):\n        self.personId = 1\n", 3, "name"),
    ("class.py", "class Person:\n    pass\n", 1, "name"),
    ("method.py", "def come_again():\n    pass\n", 1, "name"),
    ("docstring.py", '"""A title.\n\nOf each person.\n"""\n', 3, "docstring"),
    ("comment.py", "x = 1  # of a person\n", 1, "comment"),
    ("message.py", 'x = "a person is missing"\n', 1, "message"),
    ("formatted.py", 'x = f"{1} is no person"\n', 1, "message"),
    ("page.md", "# Title\n\nA person.\n", 3, "prose"),
    ("book.ipynb", json.dumps(NOTEBOOK), 1, "prose"),
    ("variables.tf", 'variable "x" {\n  description = "Of a person"\n}\n', 2, "description"),
    ("comments.tf", "locals {\n  # Of a person\n}\n", 2, "comment"),
    ("machine.json", '{\n  "Comment": "Ask a person"\n}\n', 2, "description"),
    ("Makefile", "ask: x ## ask a person\n", 1, "description"),
    ("query.sql", "-- Of a person\nSELECT 1\n", 1, "comment"),
    ("script.mjs", "// Of a person\n", 1, "comment"),
    ("manifest.yaml", "# A user\nkey:\n  text: of a person\n", 3, "prose"),
    ("code.ipynb", json.dumps(CODE), 1, "name"),
    ("lines.md", "Where they come\nagain.\n", 2, "prose"),
    ("lines.py", '"""A title.\n\nThey come\nagain.\n"""\n', 4, "docstring"),
    ("lines.tf", "# Where they come\n# again\n", 2, "comment"),
]


@pytest.mark.parametrize(("name", "source", "line", "kind"), BAD_SOURCES, ids=[row[0] for row in BAD_SOURCES])
def test_a_word_in_every_kind_of_source_is_found(tmp_path, name, source, line, kind):
    (tmp_path / name).write_text(source)

    findings, _ = check(tmp_path, [name], RULES, [])

    assert [(finding.text.path, finding.text.line, finding.text.kind) for finding in findings] == [(name, line, kind)]
    assert str(findings[0]).startswith(f"{name}:{line}: ")
    assert findings[0].rule.say in str(findings[0])


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("use.py", "row = database.person\nrow.person()\n"),  # the name is a library's
        ("comma.md", "Where they come, again they go.\n"),
        ("key.py", 'x = document["person"]\n'),  # a key on disk is no message
        ("personal.py", "personalize = personal = 1\n"),
        ("fence.md", "```\na person\n```\n`person`\n[page](https://example.org/person)\n"),
        ("output.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": [], "outputs": ["a person"]}]})),
        ("list.md", "- where they come\n- again and again\n"),
    ],
)
def test_names_of_others_and_output_are_not_read(tmp_path, name, source):
    (tmp_path / name).write_text(source)

    assert check(tmp_path, [name], RULES, []) == ([], [])


def test_an_allowance_holds_for_its_path_and_its_word_only(tmp_path):
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("A person may come again.\n")

    findings, unused = check(tmp_path, ["a.md", "b.md"], RULES, [Allowance("a.*", "person", "quoted")])

    assert [(finding.text.path, finding.word) for finding in findings] == [
        ("a.md", "come again"),
        ("b.md", "person"),
        ("b.md", "come again"),
    ]
    assert unused == []


def test_an_allowance_that_allows_nothing_is_reported(tmp_path):
    (tmp_path / "a.md").write_text("A user.\n")
    allowance = Allowance("a.md", "person", "quoted")

    assert check(tmp_path, ["a.md"], RULES, [allowance]) == ([], [allowance])


def test_names_are_split_at_underscores_and_capitals():
    assert words_of("HTTPPerson_of2people") == ["http", "person", "of", "2", "people"]


def test_every_rule_and_every_allowed_use_has_a_reason():
    rules, allowed = read_vocabulary()

    assert all(rule.reason for rule in rules)
    assert all(allowance.reason for allowance in allowed)
