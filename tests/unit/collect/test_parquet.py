"""Parquet as JSON lines: the values of each type, and the objects that are refused before any row is read."""

from __future__ import annotations

import base64
import datetime
import io
import json
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet
from pyarrow.parquet import encryption

from backend.contract import Refusal, read_event
from backend.upload.lines import InvalidUploadError
from backend.upload.parquet import opening, reading
from backend.upload.parquet.limits import RANGE_BYTES
from backend.upload.parquet.rows import is_parquet
from backend.upload.parquet.source import RangedSource
from tests.factories.data_sets.parquet import parquet_bytes
from tests.factories.records import NOW

FIELDS = ["item_id", "title", "price", "quantity", "positions", "impression", "properties", "timestamp"]


def read(data, position=0):
    """Return the messages about an object, each a letter and its content."""
    order = reading.Order(len(data), position, FIELDS, ["quantity", "positions"], ["properties"])
    output = io.BytesIO()
    reading.read_object(order, io.BytesIO(data), output)
    messages = [line.partition(b" ") for line in output.getvalue().splitlines()]
    return [(letter.decode(), json.loads(content) if content else None) for letter, _, content in messages]


def records(data, position=0):
    *rows, end = read(data, position)
    assert end == ("E", None)
    assert {letter for letter, _ in rows} <= {"J"}
    return [content for _, content in rows]


def column(name, values, of=None):
    return [record.get(name) for record in records(parquet_bytes({name: pa.array(values, of)}))]


def cause(data):
    (message,) = read(data)
    assert message[0] == "F"
    return message[1]


MOMENT = datetime.datetime(2026, 1, 31, 12, 0, 0, 123456)  # noqa: DTZ001 - as Parquet has it


@pytest.mark.parametrize(
    ("of", "text"),
    [
        (pa.timestamp("s"), "2026-01-31T12:00:00.000000Z"),
        (pa.timestamp("ms"), "2026-01-31T12:00:00.123000Z"),
        (pa.timestamp("us"), "2026-01-31T12:00:00.123456Z"),
        (pa.timestamp("ns"), "2026-01-31T12:00:00.123456Z"),
        (pa.timestamp("us", "UTC"), "2026-01-31T12:00:00.123456Z"),
        # A zone changes how an instant is shown, not which one it is.
        (pa.timestamp("ns", "Europe/Berlin"), "2026-01-31T12:00:00.123456Z"),
    ],
    ids=str,
)
def test_an_instant_of_any_unit_is_rfc_3339_in_utc(of, text):
    values = pa.array([MOMENT, None], pa.timestamp("us")).cast(of, safe=False)

    assert [record.get("timestamp") for record in records(parquet_bytes({"timestamp": values}))] == [text, None]


def test_the_instants_of_spark_and_athena_are_read():
    data = parquet_bytes({"timestamp": [MOMENT]}, use_deprecated_int96_timestamps=True)

    assert records(data) == [{"timestamp": "2026-01-31T12:00:00.123456Z"}]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1769860800000]),
        pa.array([datetime.date(2026, 1, 31)]),
        pa.array([2**62], pa.timestamp("us")),  # a year that no date-time has
    ],
    ids=["number", "date", "year"],
)
def test_what_is_no_instant_is_refused_as_in_json_lines(values):
    (record,) = records(parquet_bytes({"timestamp": values}))

    refused = read_event(json.dumps({"event_type": "View", "user_id": "u", "item_id": "i", **record}).encode(), now=NOW)
    assert isinstance(refused, Refusal)
    assert [error.field for error in refused.errors] == ["timestamp"]


@pytest.mark.parametrize(
    ("values", "of", "expected"),
    [
        ([9.99, None], pa.float32(), [9.99, None]),
        ([0.5], pa.float16(), [0.5]),
        ([129.5], pa.float64(), [129.5]),
        ([Decimal("129.50")], pa.decimal128(10, 2), [129.5]),
        ([7], pa.uint64(), [7]),
        ([math.nan, math.inf], pa.float64(), ["nan", "inf"]),
        ([math.nan], pa.float32(), ["nan"]),
        ([True], pa.bool_(), [True]),
    ],
)
def test_a_number_is_a_number(values, of, expected):
    assert column("price", values, of) == expected


@pytest.mark.parametrize("of", [pa.float64(), pa.float32(), pa.decimal128(6, 2), pa.int8()], ids=str)
def test_a_whole_number_is_one_whatever_type_its_column_has(of):
    values = pa.array([Decimal(2), None, Decimal(10)], of) if pa.types.is_decimal(of) else pa.array([2, None, 10], of)
    data = parquet_bytes({"quantity": values, "positions": [[3.0, 10.0], None, [1.0]]})

    assert [json.dumps(record) for record in records(data)] == [
        '{"quantity": 2, "positions": [3, 10]}',
        "{}",
        '{"quantity": 10, "positions": [1]}',
    ]


def test_a_number_that_is_not_whole_stays_as_it_is():
    assert column("quantity", [2.5]) == [2.5]


@pytest.mark.parametrize(
    "of",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
    ],
    ids=str,
)
def test_text_of_any_type_is_text(of):
    assert column("title", pa.array(["Stiefel é", None, ""]).cast(of)) == ["Stiefel é", None, ""]


@pytest.mark.parametrize(
    "of",
    [
        pa.list_(pa.string()),
        pa.large_list(pa.string()),
        pa.list_(pa.binary()),
        pa.list_(pa.dictionary(pa.int8(), pa.string())),
    ],
    ids=str,
)
def test_a_list_of_texts_is_a_list(of):
    assert column("impression", [["i", "j"], None, [], ["k", None]], of) == [["i", "j"], None, [], ["k", None]]


def test_properties_are_text_with_an_object():
    data = parquet_bytes({"properties": ['{"a": 1}', "no object", None]})

    assert records(data) == [{"properties": {"a": 1}}, {"properties": "no object"}, {}]


def test_a_number_as_an_id_stays_a_number_which_the_contract_refuses():
    assert column("item_id", [3]) == [3]


def test_a_null_is_absent_and_an_unknown_column_is_not():
    data = parquet_bytes({"item_id": ["a", "b"], "title": [None, "B"], "colour": [None, "red"]})

    assert records(data) == [{"item_id": "a", "colour": None}, {"item_id": "b", "title": "B", "colour": "red"}]


def test_text_that_is_not_utf_8_refuses_its_row_only():
    data = parquet_bytes({"item_id": ["a", "zq", "c"], "title": pa.array([b"x", b"y", b"\xff"])})

    assert read(data.replace(b"zq", b"\xff\xfe")) == [
        ("J", {"item_id": "a", "title": "x"}),
        ("X", ["malformed_json", "item_id", "must be text in UTF-8"]),
        ("X", ["malformed_json", "title", "must be text in UTF-8"]),
        ("E", None),
    ]


def test_a_row_beyond_the_limit_of_a_line_is_refused_alone():
    data = parquet_bytes({"item_id": ["a", "b"], "title": ["x" * 300_000, "y"]})

    assert read(data) == [
        ("X", ["too_large", "row", "must be at most 262144 bytes"]),
        ("J", {"item_id": "b", "title": "y"}),
        ("E", None),
    ]


@pytest.mark.parametrize("position", [0, 1, 999, 1000, 1001, 2500, 2999, 3000])
def test_reading_resumes_at_any_row(position):
    # Given three row groups
    data = parquet_bytes({"item_id": [str(number) for number in range(3000)]}, row_group_size=1000)

    assert [record["item_id"] for record in records(data, position)] == [
        str(number) for number in range(position, 3000)
    ]


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "lz4", "zstd"])
def test_every_codec_is_read(codec):
    assert records(parquet_bytes({"item_id": ["a"]}, compression=codec, data_page_version="2.0")) == [{"item_id": "a"}]


GOOD = parquet_bytes({"item_id": ["a", "b"]})
LZO = GOOD.replace(b"item_id\x15\x02", b"item_id\x15\x06")  # the codec's number in the footer


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"PAR1", "truncated"),
        (GOOD[:-1], "truncated"),
        (GOOD[: len(GOOD) // 2], "truncated"),
        (GOOD[:4] + b"\xff" * 99 + (50).to_bytes(4, "little") + b"PAR1", "the footer of the Parquet is damaged"),
        (GOOD[:4] + b"\0" * 9 + (2**31).to_bytes(4, "little") + b"PAR1", "truncated"),
        (LZO, "a row group of the Parquet has a codec that cannot be read; write it with SNAPPY"),
        (GOOD[:4] + b"\xff" * 30 + GOOD[34:], "a row group of the Parquet is damaged"),
        (
            parquet_bytes(pa.table([pa.array(["a"]), pa.array(["b"])], names=["title", "title"])),
            "the column 'title' twice",
        ),
        (parquet_bytes({"properties": [{"a": 1}]}), "'properties' has the type struct<a: int64>; it must be text"),
        (
            parquet_bytes({"x": [[["a"]]]}),
            "'x' has the type list<element: list<element: string>>; it must not be nested",
        ),
        (parquet_bytes({"x": pa.array([b"ab"], pa.binary(2))}), "'x' has the type fixed_size_binary[2]"),
        (parquet_bytes({f"c{number}": [1] for number in range(101)}), "101 columns, of at most 100"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_object_that_cannot_be_read_names_its_cause(data, named):
    assert named in cause(data)


def test_an_object_without_rows_is_read_to_its_end():
    assert read(parquet_bytes(pa.table({"item_id": pa.array([], pa.string())}))) == [("E", None)]


@pytest.mark.parametrize(
    ("limit", "named"),
    [
        ("MAX_ROWS", "the object has 2 rows, of at most 1; split it"),
        ("MAX_GROUP_ROWS", "a row group has 2 rows, of at most 1; write smaller"),
        ("MAX_UNPACKED_BYTES", "bytes, of at most 1; split it"),
        ("FOOTER_BYTES", "bytes, of at most 1; write larger row groups"),
    ],
)
def test_an_object_beyond_a_limit_is_refused_before_its_rows_are_read(monkeypatch, limit, named):
    monkeypatch.setattr(opening, limit, 1)

    assert named in cause(GOOD)


def test_billions_of_rows_in_some_bytes_are_refused(monkeypatch):
    # Given one repeated value, which takes no more bytes than a single one
    rows = 100_000
    data = parquet_bytes({"item_id": pa.array(["a"]).take(pa.array([0] * rows)).dictionary_encode()})
    assert len(data) < 1500
    monkeypatch.setattr(opening, "MAX_ROWS", rows - 1)

    assert "100000 rows, of at most 99999" in cause(data)


class InMemoryKms(encryption.KmsClient):  # type: ignore[misc]
    def wrap_key(self, key, _):
        return base64.b64encode(key)

    def unwrap_key(self, key, _):
        return base64.b64decode(key)


@pytest.mark.parametrize("plaintext_footer", [True, False])
def test_an_encrypted_object_is_refused(plaintext_footer):
    table = pa.table({"item_id": ["a"]})
    settings = encryption.EncryptionConfiguration(
        footer_key="f", column_keys={"c": ["item_id"]}, plaintext_footer=plaintext_footer
    )
    factory = encryption.CryptoFactory(lambda _: InMemoryKms())
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), settings)
    written = io.BytesIO()
    with parquet.ParquetWriter(written, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    data = written.getvalue()

    if plaintext_footer:
        assert is_parquet(data)
        assert "encrypted" in cause(data)
    else:
        with pytest.raises(InvalidUploadError, match="encrypted"):
            is_parquet(data)


def test_bytes_are_requested_in_ranges_and_never_beyond_the_end():
    content = bytes(range(256)) * (RANGE_BYTES // 128)
    requests = io.BytesIO()
    source = RangedSource(len(content), requests, io.BytesIO(content[5:]))

    source.seek(5)
    assert source.read() == content[5:]
    assert (source.read(1), source.tell()) == (b"", len(content))
    assert requests.getvalue() == b"R 5 4194304\nR 4194309 4194299\n"
