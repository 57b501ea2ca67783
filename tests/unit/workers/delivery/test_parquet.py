from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployment.workers.delivery.parquet import columns_of, convert
from deployment.workers.delivery.schema import UnknownTypeError, parse_type
from deployment.workers.delivery.settings import Conversion
from tests.factories.workers.records import ARRIVED, row


def table(**columns: str) -> dict[str, Any]:
    return {"StorageDescriptor": {"Columns": [{"Name": name, "Type": type_} for name, type_ in columns.items()]}}


def conversion(**changes: Any) -> Conversion:
    return Conversion(**{"database": "db", "table": "events", **changes})


def converted(records: list[bytes], options: Conversion | None = None, **columns: str) -> tuple[list[Any], list[str]]:
    rows = [row(number, data=data) for number, data in enumerate(records)]
    body, _, failures = convert(rows, columns_of(table(**columns)), options or conversion(), ARRIVED)
    written = pq.read_table(io.BytesIO(body)).to_pylist() if body else []
    return written, [failure.code for failure in failures]


@pytest.mark.parametrize(
    ("type_", "json_value", "value"),
    [
        ("string", '"é"', "é"),
        ("string", "12", "12"),
        ("string", "true", "true"),
        ("string", '{"a":[1,2]}', '{"a":[1,2]}'),
        ("varchar(10)", '"a"', "a"),
        ("boolean", "true", True),
        ("boolean", '"False"', False),
        ("int", "-7", -7),
        ("int", '"7"', 7),
        ("bigint", "9007199254740993", 9007199254740993),
        ("double", "1.5", 1.5),
        ("double", "1", 1.0),
        ("double", '"1.5"', 1.5),
        ("decimal(10,2)", "1.5", Decimal("1.50")),
        ("date", '"2026-02-01"', date(2026, 2, 1)),
        ("timestamp", '"2026-02-01T10:30:00.250Z"', datetime.fromisoformat("2026-02-01T10:30:00.250")),
        ("timestamp", '"2026-02-01 10:30:00"', datetime.fromisoformat("2026-02-01T10:30:00")),
        ("timestamp", "1769941800", datetime.fromisoformat("2026-02-01T10:30:00")),
        ("timestamp", "1769941800250", datetime.fromisoformat("2026-02-01T10:30:00.250")),
        ("timestamp", "1769941800.25", datetime.fromisoformat("2026-02-01T10:30:00.250")),
        ("array<string>", '["a",null,"b"]', ["a", None, "b"]),
        ("map<string,int>", '{"a":1}', [("a", 1)]),
        ("struct<a:string,b:array<int>>", '{"A":"x","b":[1]}', {"a": "x", "b": [1]}),
        # OpenX forces what is no array into one, and fills a struct from an array by position.
        ("array<string>", '"a"', ["a"]),
        ("array<string>", "7", ["7"]),
        ("array<string>", '{"a":1}', ['{"a":1}']),
        ("array<string>", "{}", []),
        ("struct<a:string,b:int>", '["x",7]', {"a": "x", "b": 7}),
        ("struct<a:string,b:int>", '["x"]', {"a": "x", "b": None}),
        ("string", "null", None),
    ],
)
def test_values_become_what_their_column_holds(type_: str, json_value: str, value: object):
    rows, failures = converted([b'{"c":' + json_value.encode() + b"}"], c=type_)

    assert failures == []
    assert rows == [{"c": value}]


@pytest.mark.parametrize(
    ("type_", "json_value"),
    [
        ("int", "2147483648"),
        ("int", "1.5"),
        ("int", '"x"'),
        ("int", "true"),
        ("boolean", "1"),
        ("double", '"x"'),
        ("decimal(3,2)", "12.5"),
        ("date", '"2026-02-30"'),
        ("timestamp", '"yesterday"'),
        ("timestamp", '"2026-02-01T10:30:00+02:00"'),
        ("timestamp", '"2026-02-30T10:30:00Z"'),
        ("timestamp", '"2026-02-01T24:30:00Z"'),
        ("array<int>", '["a"]'),
        ("array<int>", '"a"'),
        ("map<string,int>", "[]"),
        ("struct<a:int>", '"a"'),
        ("string", '"\\ud800"'),
    ],
)
def test_a_value_that_does_not_match_its_columns_type_fails_its_record_only(type_: str, json_value: str):
    rows, failures = converted([b'{"c":' + json_value.encode() + b"}", b"{}"], c=type_)

    assert failures in (["DataFormatConversion.MalformedData"], ["DataFormatConversion.ParseError"])
    assert rows == [{"c": None}]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "DataFormatConversion.ParseError"),
        (b"\xff", "DataFormatConversion.ParseError"),
        (b'{"c":NaN}', "DataFormatConversion.ParseError"),
        (b"[" * 100_000, "DataFormatConversion.ParseError"),
        (b"", "DataFormatConversion.MalformedData"),
        (b"  ", "DataFormatConversion.MalformedData"),
        (b"7", "DataFormatConversion.MalformedData"),
        (b'[{"c":"a"}]', "DataFormatConversion.MalformedData"),
    ],
)
def test_a_record_other_than_a_json_object_fails_with_its_code(data: bytes, code: str):
    assert converted([data], c="string") == ([], [code])


def test_objects_one_after_another_are_rows_of_their_own():
    assert converted([b'{"c":"a"} {"c":"b"}\n'], c="string") == ([{"c": "a"}, {"c": "b"}], [])


def test_keys_are_matched_without_case_and_those_without_a_column_left_out():
    assert converted([b'{"UserId":"a","more":1}'], userid="string", gone="int") == ([{"userid": "a", "gone": None}], [])


def test_case_and_mappings_and_dots_follow_the_options_of_the_serde():
    options = conversion(case_insensitive=False, dots_to_underscores=True, key_of_column=(("time_", "ts"),))

    rows, _ = converted([b'{"ts":1,"a.b":2,"C":3}'], options, time_="int", a_b="int", c="int")

    assert rows == [{"time_": 1, "a_b": 2, "c": None}]


def test_the_hive_serde_reads_a_time_in_one_form_only():
    hive = conversion(hive=True)

    assert converted([b'{"t":"2026-02-01 10:30:00"}'], hive, t="timestamp")[1] == []
    assert converted([b'{"t":"2026-02-01T10:30:00Z"}'], hive, t="timestamp")[1] == [
        "DataFormatConversion.MalformedData"
    ]


@pytest.mark.parametrize(
    ("type_", "json_value", "value"),
    [
        ("int", "7", 7),
        ("int", "7.9", 7),
        ("bigint", "-7.9", -7),
        ("double", "7", 7.0),
        ("string", "7", "7"),
        ("string", "true", "true"),
        ("boolean", '"TRUE"', True),
        ("boolean", '"yes"', False),
        ("boolean", "1", False),
        ("decimal(4,1)", '"1.5"', Decimal("1.5")),
        ("array<string>", '["a",7]', ["a", "7"]),
        ("struct<a:int>", '{"A":7}', {"a": 7}),
        ("int", "null", None),
    ],
)
def test_the_hive_serde_takes_the_value_that_its_parser_is_at(type_: str, json_value: str, value: object):
    assert converted([b'{"c":' + json_value.encode() + b"}"], conversion(hive=True), c=type_) == ([{"c": value}], [])


@pytest.mark.parametrize(
    ("type_", "json_value"),
    [
        ("int", '"7"'),
        ("bigint", '"7"'),
        ("int", "2147483648.5"),
        ("double", '"1.5"'),
        ("string", '{"a":1}'),
        ("string", "[1]"),
        ("boolean", "{}"),
        ("array<string>", '"a"'),
        ("array<string>", "{}"),
        ("struct<a:string>", '["a"]'),
        ("map<string,int>", "[]"),
    ],
)
def test_the_hive_serde_converts_nothing_between_text_numbers_and_objects(type_: str, json_value: str):
    rows, failures = converted([b'{"c":' + json_value.encode() + b"}"], conversion(hive=True), c=type_)

    assert (rows, failures) == ([], ["DataFormatConversion.MalformedData"])


def test_the_same_records_give_the_same_bytes():
    rows, columns = [row(1), row(2)], columns_of(table(a="int"))

    assert convert(rows, columns, conversion(), ARRIVED)[0] == convert(rows, columns, conversion(), ARRIVED)[0]


def test_an_unknown_type_is_named():
    with pytest.raises(UnknownTypeError, match="interval"):
        parse_type("interval")


@given(
    records=st.lists(
        st.one_of(st.binary(max_size=12), st.just(b'{"a":1}'), st.just(b'{"a":"x"}'), st.just(b'{"b":2}')), max_size=20
    )
)
def test_every_record_is_in_the_object_or_fails(records: list[bytes]):
    rows = [row(number, data=data) for number, data in enumerate(records)]

    _, converted_rows, failures = convert(rows, columns_of(table(a="int")), conversion(), ARRIVED)

    assert sorted([*converted_rows, *(failure.row for failure in failures)]) == sorted(rows)
