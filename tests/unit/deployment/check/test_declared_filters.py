"""A declared filter that Personalize would refuse fails the checks and the packaging, before anything is planned."""

from __future__ import annotations

import json
import sys

import pytest

from deployment.check import filters
from deployment.package.__main__ import main as package


@pytest.fixture
def declare(tmp_path):
    def write(**expressions):
        file = tmp_path / "solutions.json"
        declared = {name.replace("_", "-"): {"expression": text} for name, text in expressions.items()}
        file.write_text(json.dumps({"datasets": ["interactions", "items", "users"], "filters": declared}), "utf-8")
        return file

    return write


def test_the_declared_filters_are_right():
    assert list(filters.faults(filters.SOLUTIONS)) == []


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ('EXCLUDE ItemID WHERE Items.CATEGRY IN ("a")', "no field CATEGRY: is CATEGORY meant?"),
        ('EXCLUD ItemID WHERE Items.BRAND IN ("a")', "INCLUDE or EXCLUDE is expected here, but there is EXCLUD"),
        ('INCLUDE ItemID WHERE Items.PRICE IN ("5")', "Items.PRICE holds numbers"),
        ('INCLUDE ItemID WHERE Actions.VALUE IN ("5")', "not by Actions"),
    ],
)
def test_a_wrong_filter_is_named_with_the_place_and_the_reason(expression, reason, declare):
    file = declare(category="INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)", in_stock=expression)

    [fault] = filters.faults(file)

    assert fault.startswith("solutions.json: filter in-stock: ")
    assert reason in fault
    assert expression in fault
    assert "^" in fault


def test_nothing_is_packaged_while_a_filter_is_wrong(declare, monkeypatch, capsys):
    monkeypatch.setattr(filters, "SOLUTIONS", declare(in_stock='EXCLUD ItemID WHERE Items.BRAND IN ("a")'))
    monkeypatch.setattr(sys, "argv", ["package", "--target", "aws"])

    assert package() == 1
    assert "filter in-stock" in capsys.readouterr().out
