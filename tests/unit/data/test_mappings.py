"""Mappings: what they can read, and one sentence for each that is wrong, before a row is read."""

from __future__ import annotations

import gzip
import json

import pytest

from data.loaders import UnknownFormatError, open_stream
from data.loaders.__main__ import main

COLUMNS = "columns: {who: user_id, what: item_id, when: timestamp, how: event_type}\n"
RATING = """
columns: {who: user_id, what: item_id, when: timestamp}
constants: {event_type: Rating}
timestamp: seconds
"""
CONTRACT = "columns: {user_id: user_id, event_type: event_type, item_id: item_id, timestamp: timestamp}\n"
SECOND = 1_704_067_200  # 2024-01-01


def write(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def opened(folder, mapping, text, encoding="utf-8", name="own.txt"):
    return open_stream(write(folder, name, text, encoding), write(folder, "mapping.yaml", mapping))


def accepted(stream):
    return [json.loads(event.payload) for event in stream.events if event.outcome == "accepted"]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("[]", "no 'columns'"),
        ("columns: {a: [", "cannot be read"),
        ("columns: {a: timestamp, b: event_type}\nitems: x", "unknown parts"),
        ("columns: {a: timestamp, b: event_type}\n1: x", "unknown parts"),
        ("columns: {who: colour, what: item_id}", "colour"),
        ("columns: {who: user_id, what: item_id, when: timestamp}", "no event_type"),
        ("columns: {what: item_id, when: timestamp, how: event_type}", "no user_id and no session_id"),
        ("columns: {who: user_id, when: timestamp, how: event_type}", "no item_id"),
        (COLUMNS.replace("what: item_id", "what: item_id, how2: item_id"), "several columns"),
        (COLUMNS.replace("who:", "on:"), "has True in columns"),
        (COLUMNS + "constants: {currency: 2020-01-01}", "in quotes"),
        (COLUMNS + "values: [a]", "must be a table"),
        (COLUMNS + "values: {event_type: a}", "must be a table"),
        (COLUMNS + "values: {device: {a: b}}", "which no column gives"),
        (COLUMNS + "values: {event_type: {look: Glance}}", "gives events event_type: Glance"),
        (COLUMNS + "constants: {quantity: many}", "gives events quantity: many"),
        (COLUMNS + "properties: how", "must be a list"),
        (COLUMNS + "names: [who, what, when, how, who]", "several names"),
        (COLUMNS + "quote: single", "quote: single"),
        (COLUMNS + 'delimiter: ""', "delimiter: ''"),
        (COLUMNS + "delimiter: '\"'", "but quotes"),
        (COLUMNS + "delimiter: 1.5", "has 1.5 in delimiter"),
        (COLUMNS + "encoding: latin-99", "encoding: latin-99"),
        (COLUMNS + "encoding: utf-16", "encoding: utf-16"),
        (COLUMNS + "timestamp: millis", "timestamp: millis"),
        (COLUMNS + 'timestamp: "%H:%M"', "whole date"),
        (COLUMNS + 'timestamp: "%Q"', "timestamp: %Q"),
        (COLUMNS.replace("when: timestamp", "when: timestamp, at: timestamp"), "needs a strptime format"),
        (COLUMNS, r"the mapping names \['how'\]"),
        (COLUMNS + "properties: [shop]", r"\['how', 'shop'\]"),
        (COLUMNS + "names: [who, what, when, how]", "3 values in its first row"),
    ],
)
def test_a_wrong_mapping_is_reported_in_one_sentence_before_a_row_is_read(tmp_path, mapping, words):
    with pytest.raises(UnknownFormatError, match=words) as caught:
        opened(tmp_path, mapping, "who,what,when\nu,i,1\n")

    assert "\n" not in str(caught.value)


def test_columns_that_no_json_object_has_are_reported_before_a_row_is_read(tmp_path):
    with pytest.raises(UnknownFormatError, match=r"\['who'\]"):
        opened(tmp_path, RATING, '{"user": 1, "what": 2, "when": 3}\n')


def test_a_folder_is_not_read_with_a_mapping(tmp_path):
    with pytest.raises(UnknownFormatError, match="a mapping is for one file"):
        open_stream(tmp_path, write(tmp_path, "mapping.yaml", RATING))


@pytest.mark.parametrize("with_mapping", [True, False])
def test_a_truncated_gzip_file_is_reported_before_a_row_is_read(tmp_path, with_mapping):
    text = "user_id,item_id,timestamp,event_type\n" + "u,i,2024-01-01T00:00:00Z,View\n" * 1000
    path = tmp_path / "own.csv.gz"
    path.write_bytes(gzip.compress(text.encode())[:-20])
    mapping = write(
        tmp_path, "m.yaml", "columns: {user_id: user_id, item_id: item_id, timestamp: timestamp, a: event_type}"
    )

    with pytest.raises(UnknownFormatError, match="cut off or damaged"):
        open_stream(path, mapping if with_mapping else None)


@pytest.mark.parametrize(
    "header", ["user_id,event_type,user_id,item_id,timestamp", '"user_id","event_type","user_id","item_id","timestamp"']
)
def test_duplicate_columns_are_refused_by_name(tmp_path, header):
    path = write(tmp_path, "own.csv", header + "\nu,View,v,i,2024-01-01T00:00:00Z\n")
    for mapping in (None, write(tmp_path, "mapping.yaml", CONTRACT)):
        with pytest.raises(UnknownFormatError, match=r"several columns of the names \['user_id'\]"):
            open_stream(path, mapping)


@pytest.mark.parametrize(
    "header", ["\ufeffuser_id,event_type,item_id,timestamp", '\ufeff"user_id","event_type","item_id",timestamp']
)
def test_a_byte_order_mark_and_a_quoted_header_are_read_alike_with_and_without_a_mapping(tmp_path, header):
    path = write(tmp_path, "own.csv", header + '\nu,View,"a ""b""",2024-01-01T00:00:00Z\n')
    for mapping in (None, write(tmp_path, "mapping.yaml", CONTRACT)):
        [event] = accepted(open_stream(path, mapping))
        assert (event["user_id"], event["item_id"]) == ("u", 'a "b"')


@pytest.mark.parametrize("delimiter", ["::", " | ", ";", "<->"])
@pytest.mark.parametrize("quote", ["double", "none"])
def test_a_delimiter_has_any_length(tmp_path, delimiter, quote):
    mapping = f"{RATING}delimiter: {json.dumps(delimiter)}\nquote: {quote}\nnames: [who, what, when]\n"
    item = f'"a {delimiter} ""b"""' if quote == "double" else '"a'

    [event] = accepted(opened(tmp_path, mapping, delimiter.join(["u", item, str(SECOND)]) + "\n"))

    assert event["item_id"] == (f'a {delimiter} "b"' if quote == "double" else '"a')


def test_a_file_without_a_header_is_read_by_names_from_its_first_row_on(tmp_path):
    stream = opened(tmp_path, RATING + "names: [who, other, what, when]\n", f"u,x,i,{SECOND}\nu,y,j,{SECOND}\n")

    assert [event["item_id"] for event in accepted(stream)] == ["i", "j"]


def test_a_file_in_latin_1_is_read_by_its_encoding(tmp_path):
    stream = opened(tmp_path, RATING + "encoding: latin-1\n", f"who,what,when\nu,Café,{SECOND}\n", "latin-1")

    assert [event["item_id"] for event in accepted(stream)] == ["Café"]


def test_true_is_no_id_and_no_code(tmp_path):
    rows = [{"who": True, "what": 1, "when": SECOND}, {"who": 7, "what": 1, "when": SECOND}]

    stream = opened(tmp_path, RATING, "".join(json.dumps(row) + "\n" for row in rows))

    assert [event["user_id"] for event in accepted(stream)] == ["7"]
    assert stream.expected.refused == {"wrong_type": 1}


@pytest.mark.parametrize("half", [r"\ud83d", r"\udcc3\udca9"])
def test_half_a_character_is_refused_and_the_other_lines_are_read(tmp_path, half):
    lines = [f'{{"who": "u", "what": "{what}", "how": "View", "when": "2024-01-01T00:00:00Z"}}' for what in (half, "i")]

    stream = opened(tmp_path, COLUMNS, "\n".join(lines))

    assert [event.outcome for event in stream.events] == ["malformed_json", "accepted"]


@pytest.mark.parametrize(
    ("header", "row"), [("\twho\twhat\twhen", "0\tu\ti\t1704067200"), ("who\twhat\twhen\t", "u\ti\t1704067200\t")]
)
def test_a_column_without_a_name_is_a_column(tmp_path, header, row):
    stream = opened(tmp_path, RATING + 'delimiter: "\\t"', f"{header}\n{row}\n")

    assert [event["item_id"] for event in accepted(stream)] == ["i"]


def test_the_last_values_of_a_first_row_without_a_header_may_be_empty(tmp_path):
    mapping = RATING + 'delimiter: "\\t"\nnames: [who, what, when, title, artist]'

    stream = opened(tmp_path, mapping, "u\ti\t1704067200\t\t\nu\tj\t1704067200\tt\ta\n")

    assert [event["item_id"] for event in accepted(stream)] == ["i", "j"]


def test_a_date_and_a_time_are_one_timestamp(tmp_path):
    mapping = (
        "columns: {who: user_id, what: item_id, day: timestamp, hour: timestamp}\n"
        'constants: {event_type: View}\ntimestamp: "%d.%m.%Y %H:%M"\n'
    )

    stream = opened(tmp_path, mapping, "day,hour,who,what\n31.01.2024,08:30,u,i\n31.01.2024,,u,i\n")

    assert [event["timestamp"] for event in accepted(stream)] == ["2024-01-31T08:30:00.000+00:00"]
    assert stream.expected.refused == {"wrong_type": 1}


def test_numbers_and_lists_are_parsed_in_columns_and_constants(tmp_path):
    mapping = (
        "columns: {who: user_id, what: item_id, when: timestamp, many: quantity, seen: impression}\n"
        'constants: {event_type: Purchase, event_value: "1.5"}\ntimestamp: milliseconds\n'
    )
    rows = f"u,i,{SECOND}000,2,i|j\nu,i,{SECOND}000,x,\n"

    stream = opened(tmp_path, mapping, "who,what,when,many,seen\n" + rows)

    [event] = accepted(stream)
    assert (event["quantity"], event["event_value"], event["impression"]) == (2, 1.5, ["i", "j"])
    assert stream.expected.refused == {"wrong_type": 1}


def test_the_summary_says_what_was_accepted_and_refused_and_why(tmp_path, capsys):
    source = write(tmp_path, "own.csv", f"who,what,when\nu,i,{SECOND}\nu,,{SECOND}\nu,j,later\nu,k\n")
    mapping = write(tmp_path, "mapping.yaml", RATING)

    status = main([str(source), "--mapping", str(mapping), "--out", str(tmp_path / "out")])

    printed = capsys.readouterr().out.splitlines()
    assert status == 0
    assert printed[0] == "own.csv: 4 events, 1 accepted, 3 refused"
    assert {line.partition(": ")[0].strip() for line in printed[1:-1]} == {
        "1 missing_field",
        "1 wrong_type",
        "1 malformed_json",
    }
    assert next(line for line in printed if "missing_field" in line).endswith(
        "item_id is required, except for a Search or an Impression"
    )
    assert len((tmp_path / "out" / "events.jsonl").read_bytes().splitlines()) == 4


def test_a_constant_currency_is_of_the_events_with_a_value(tmp_path):
    mapping = RATING.replace("when: timestamp", "when: timestamp, much: event_value").replace(
        "Rating", "Rating, currency: EUR"
    )

    stream = opened(tmp_path, mapping, f"who,what,when,much\nu,i,{SECOND},2\nu,j,{SECOND},\n")

    assert [event.get("currency") for event in accepted(stream)] == ["EUR", None]


def summary(folder, capsys, mapping, text, encoding="utf-8"):
    source = write(folder, "own.csv", text, encoding)
    main([str(source), "--mapping", str(write(folder, "mapping.yaml", mapping)), "--out", str(folder / "out")])
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("mapping", "text", "encoding", "refusal"),
    [
        (
            RATING.replace("seconds", '"%m.%d.%Y %X"'),
            "who,what,when\nu,i,12.24.2025 18:00:00\n\nu,i,24.12.2025 18:00:01\nu,i,25.12.2025 18:00:01\n",
            "utf-8",
            "first in line 4: timestamp '24.12.2025 18:00:01' does not match the mapping's timestamp '%m.%d.%Y %X'",
        ),
        (
            RATING,
            f"who,what,when\nu,i,jane@shop.example\nu,i,{SECOND}\n",
            "utf-8",
            "first in line 2: timestamp of this column does not match the mapping's timestamp 'seconds'",
        ),
        (
            RATING,
            f'\nwho,what,when,note\nu,i,{SECOND},"a\nb"\nu,i\n',
            "utf-8",
            "first in line 5: row must have 4 values as the header has, not 2",
        ),
        (
            RATING,
            f"who,what,when\nu,i,{SECOND}\nJosé,i,{SECOND}\n",
            "latin-1",
            "first in line 3: text must be in UTF-8, or in the encoding of a mapping, such as encoding: latin-1",
        ),
    ],
)
def test_a_refusal_names_its_first_line_and_what_is_wrong_in_the_source(
    tmp_path, capsys, mapping, text, encoding, refusal
):
    printed = summary(tmp_path, capsys, mapping, text, encoding)

    assert printed[1].partition(": ")[2] == refusal


def test_a_refusal_of_json_lines_names_its_first_line(tmp_path, capsys):
    row = {"who": "u", "what": "i", "when": SECOND}
    text = "\n".join(json.dumps(row | changed) for changed in ({}, {"what": ""}, {"when": "later"}))

    printed = summary(tmp_path, capsys, RATING, "\n" + text + "\n{\n")

    assert {line.strip() for line in printed[1:4]} == {
        "1 missing_field: first in line 3: item_id is required, except for a Search or an Impression",
        "1 wrong_type: first in line 4: timestamp of this column does not match the mapping's timestamp 'seconds'",
        "1 malformed_json: first in line 5: event must be well-formed JSON in UTF-8",
    }


def test_the_status_is_2_and_nothing_is_written_where_nothing_was_accepted(tmp_path, capsys):
    source = write(tmp_path, "own.csv", "who,what,when\nu,i,later\n")
    mapping = write(tmp_path, "mapping.yaml", RATING)

    assert main([str(source), "--mapping", str(mapping), "--out", str(tmp_path / "out")]) == 2

    captured = capsys.readouterr()
    assert "1 events, 0 accepted, 1 refused" in captured.out
    assert "no event that is accepted" in captured.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("line", ["[1]", "{", ""])
def test_a_catalogue_that_cannot_be_read_is_reported_by_its_record(tmp_path, capsys, line):
    event = {"event_type": "View", "user_id": "u", "item_id": "i", "timestamp": "2024-01-01T00:00:00Z"}
    write(tmp_path, "events.jsonl", json.dumps(event))
    content = gzip.compress(b'{"item_id": "i"}\n' + line.encode())
    (tmp_path / "items.jsonl.gz").write_bytes(content if line else content[:-9])

    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 2

    assert ("record 2 is no JSON object" if line else "cut off or damaged") in capsys.readouterr().err


VIEW = {"event_type": "View", "user_id": "u", "item_id": "i", "timestamp": "2024-01-01T00:00:00Z"}


@pytest.mark.parametrize("source", ["events.jsonl", "."])
def test_a_folder_that_holds_the_source_is_refused_and_keeps_its_files(tmp_path, capsys, monkeypatch, source):
    files = {"events.jsonl": json.dumps(VIEW), "items.jsonl": '{"item_id": "i"}', "users.jsonl": '{"user_id": "u"}'}
    for name, text in files.items():
        write(tmp_path, name, text)
    monkeypatch.chdir(tmp_path)

    assert main([source, "--out", "."]) == 2

    assert "holds the source" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files


def test_a_mapped_source_is_kept_where_the_folder_to_write_is_a_link_to_its_own(tmp_path, capsys):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    source = write(tmp_path / "real", "events.jsonl", f"who,what,when\nu,i,{SECOND}\n")
    mapping = write(tmp_path, "mapping.yaml", RATING)

    assert main([str(source), "--mapping", str(mapping), "--out", str(tmp_path / "link")]) == 2

    assert source.read_text().startswith("who,")


def test_files_of_an_earlier_run_stay_where_the_source_cannot_be_read_to_its_end(tmp_path):
    (tmp_path / "source").mkdir()
    write(tmp_path / "source", "events.jsonl", json.dumps(VIEW))
    write(tmp_path / "source", "items.jsonl", '{"item_id": "i"}')
    write(tmp_path / "source", "users.jsonl", "[1]")
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", "items.jsonl", "earlier")

    assert main([str(tmp_path / "source"), "--out", str(tmp_path / "out")]) == 2

    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {"items.jsonl": "earlier"}


def test_a_link_to_the_source_among_the_files_written_is_replaced_and_the_source_kept(tmp_path):
    (tmp_path / "out").mkdir()
    source = write(tmp_path, "events.jsonl", json.dumps(VIEW))
    (tmp_path / "out" / "events.jsonl").symlink_to(source)

    assert main([str(source), "--out", str(tmp_path / "out")]) == 0

    assert json.loads(source.read_text()) == VIEW == json.loads((tmp_path / "out" / "events.jsonl").read_text())
