"""The loaders detect a format by content, read every line, and keep invalid lines in the stream."""

import gzip
import json
from pathlib import Path

import pytest

from data.generate import write_stream
from data.generator import Settings, generate
from data.loaders import UnknownFormatError, open_stream
from data.loaders.conversion import epoch_to_rfc3339, text_to_rfc3339

YOOCHOOSE = "SessionId\tItemId\tTime\n2\tb\t1396871797.614\n1\ta\t1396860669.277\n1\tb\t1396860886.998\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def accepted_fields(stream):
    return [json.loads(event.payload) for event in stream.events if event.outcome == "accepted"]


def test_yoochoose_sessions_become_clicks_sorted_by_time(tmp_path):
    stream = open_stream(write(tmp_path, "clicks.txt", YOOCHOOSE))

    assert accepted_fields(stream)[0] == {
        "event_type": "Click",
        "session_id": "1",
        "item_id": "a",
        "timestamp": "2014-04-07T08:51:09.277Z",
    }
    assert [fields["session_id"] for fields in accepted_fields(stream)] == ["1", "1", "2"]
    assert [item["item_id"] for item in stream.items] == ["a", "b"]
    assert list(stream.users) == []


def test_a_gzipped_file_is_read_under_any_name(tmp_path):
    path = tmp_path / "clicks.txt"
    path.write_bytes(gzip.compress(YOOCHOOSE.encode()))

    assert open_stream(path).expected.accepted == 3


def test_the_click_and_purchase_files_of_the_recsys_challenge_are_read_together(tmp_path):
    write(tmp_path, "yoochoose-clicks.dat", "1,2014-04-07T10:51:09.277Z,214536502,0\n")
    write(tmp_path, "yoochoose-buys.dat", "1,2014-04-07T10:58:09.277Z,214536502,12462,1\n")

    click, purchase = accepted_fields(open_stream(tmp_path))

    assert (click["event_type"], click["properties"]) == ("Click", {"category": "0"})
    assert (purchase["event_type"], purchase["event_value"]) == ("Purchase", 12462)


def test_movielens_ratings_have_movies_and_users(tmp_path):
    write(tmp_path, "ratings.csv", "userId,movieId,rating,timestamp\n7,2,3.5,964981247\n7,1,4.0,964982703\n")
    movies = 'movieId,title,genres\n1,"Story, A (1895)",(no genres listed)\n2,Jumanji (1995),Adventure|Fantasy\n'
    write(tmp_path, "movies.csv", movies)

    stream = open_stream(tmp_path)

    assert [event["event_value"] for event in accepted_fields(stream)] == [3.5, 4.0]
    assert list(stream.items) == [
        {"item_id": "1", "title": "Story, A (1895)"},
        {
            "item_id": "2",
            "title": "Jumanji (1995)",
            "category": "Adventure|Fantasy",
            "created_at": "1995-01-01T00:00:00Z",
        },
    ]
    assert list(stream.users) == [{"user_id": "7", "created_at": "2000-07-30T18:20:47.000Z"}]


def test_unreadable_lines_stay_in_the_stream_and_are_refused(tmp_path):
    bad = "3\tc\n4\t\t1396871797\n5\te\tyesterday\n6\tf\tNaN\n7\tg\t1e30\n"

    stream = open_stream(write(tmp_path, "clicks.txt", YOOCHOOSE + bad))

    expected = stream.expected
    assert (expected.sent, expected.accepted) == (8, 3)
    assert expected.refused == {"malformed_json": 1, "empty": 1, "wrong_type": 3}


def test_bytes_that_are_not_utf_8_are_refused_unchanged(tmp_path):
    path = tmp_path / "clicks.txt"
    path.write_bytes(YOOCHOOSE.encode() + b"8\titem\xff\t1396871797\n")

    refused = [event for event in open_stream(path).events if event.outcome != "accepted"]

    assert [(event.outcome, event.is_json) for event in refused] == [("malformed_json", False)]
    assert b"\xff" in refused[0].payload


MAPPING = """
columns: {visitor: user_id, sku: item_id, action: event_type, at: timestamp, worth: event_value, shown: impression}
values: {event_type: {look: View, buy: Purchase}}
constants: {schema_version: "1"}
timestamp: milliseconds
properties: [campaign]
delimiter: ";"
"""


def test_a_custom_csv_is_read_with_a_mapping(tmp_path):
    mapping = write(tmp_path, "mapping.yaml", MAPPING)
    path = write(
        tmp_path,
        "own.csv",
        "visitor;sku;action;at;worth;shown;campaign;ignored\nu;i;look;1396860669277;;i|j;spring;x\n"
        "u;i;buy;1396860669278;9.5;;;x\nu;i;steal;1396860669279;;;;x\n",
    )

    stream = open_stream(path, mapping)

    view, purchase = accepted_fields(stream)
    assert view["impression"] == ["i", "j"]
    assert view["properties"] == {"campaign": "spring"}
    assert view["timestamp"] == "2014-04-07T08:51:09.277Z"
    assert purchase == {
        "schema_version": "1",
        "user_id": "u",
        "item_id": "i",
        "event_type": "Purchase",
        "timestamp": "2014-04-07T08:51:09.278Z",
        "event_value": 9.5,
    }
    assert stream.expected.refused == {"unknown_value": 1}
    assert [user["user_id"] for user in stream.users] == ["u"]


@pytest.mark.parametrize(("quote", "refused"), [("double", 2), ("none", 0)])
def test_stray_quotes_lose_no_line(tmp_path, quote, refused):
    mapping = write(
        tmp_path,
        "m.yaml",
        "columns: {who: user_id, what: item_id, at: timestamp}\nconstants: {event_type: View}\ntimestamp: seconds\n"
        f'delimiter: "\\t"\nquote: {quote}\n',
    )
    rows = ["who\twhat\tat", "u\ta\t1396860669", '"weird al" yankovic\tb\t1396860669', "u\tc\t1396860669"]
    rows += ['u\t"unclosed\t1396860669', "u\te\t1396860669"]

    expected = open_stream(write(tmp_path, "own.tsv", "\n".join(rows)), mapping).expected

    assert (expected.accepted, expected.refused) == (5 - refused, {"malformed_json": refused} if refused else {})


def test_custom_jsonl_is_read_with_a_mapping(tmp_path):
    mapping = write(
        tmp_path,
        "m.yaml",
        "columns: {visitor: user_id, sku: item_id, at: timestamp}\nconstants: {event_type: View}\ntimestamp: seconds\n",
    )
    path = write(tmp_path, "own.jsonl", '{"visitor": 7, "sku": 3, "at": 1396860669, "other": {}}\n{"visitor": \n[1]\n')

    stream = open_stream(path, mapping)

    assert [(event["user_id"], event["item_id"]) for event in accepted_fields(stream)] == [("7", "3")]
    assert stream.expected.refused == {"malformed_json": 1, "not_an_object": 1}


def test_csv_of_the_contracts_columns_needs_no_mapping(tmp_path):
    header = "user_id,event_type,item_id,timestamp,event_value\n"
    text = header + "u,Rating,i,2026-01-01T00:00:00Z,4\nu,Click,i,2025-01-01T00:00:00+01:00,\n"

    click, rating = accepted_fields(open_stream(write(tmp_path, "own.csv", text)))

    assert (click["event_type"], rating["event_value"]) == ("Click", 4)


def test_a_generated_stream_is_read_back_with_the_same_expected_outcomes(tmp_path):
    generated = generate(Settings(items=50, users=20, events=600, days=3, broken=0.1))
    write_stream(generated, tmp_path)

    loaded = open_stream(tmp_path)

    assert loaded.expected.as_dict() == {**generated.expected.as_dict(), "late": 0}
    assert [event.payload for event in loaded.events] == [event.payload for event in generated.events]
    assert list(loaded.items) == list(generated.items)
    assert list(loaded.users) == list(generated.users)


def test_the_retail_demo_store_is_a_catalogue_without_events(tmp_path):
    write(
        tmp_path, "products.yaml", "- id: p1\n  name: Pack\n  category: accessories\n  style: backpack\n  price: 9.99\n"
    )
    write(tmp_path, "users.json", '[{"id": "1", "age": 31, "gender": "M", "persona": "furniture_homedecor"}]')

    stream = open_stream(tmp_path)

    assert list(stream.items) == [{"item_id": "p1", "title": "Pack", "category": "accessories|backpack", "price": 9.99}]
    assert list(stream.users) == [
        {"user_id": "1", "age_group": "25-34", "interests": "furniture|homedecor", "gender": "male"}
    ]
    assert list(stream.events) == []


def test_a_product_and_a_user_lack_what_the_retail_demo_store_lacks(tmp_path):
    write(tmp_path, "products.yaml", "- id: 7\n  name: Pack\n- id: p2\n  price: 3\n  style: bag\n")
    write(tmp_path, "users.json", '[{"id": 1}]')

    stream = open_stream(tmp_path)

    assert list(stream.items) == [
        {"item_id": "7", "title": "Pack"},
        {"item_id": "p2", "price": 3.0, "category": "bag"},
    ]
    assert list(stream.users) == [{"user_id": "1"}]


@pytest.mark.parametrize(
    ("products", "users", "message"),
    [
        ("- id: p1\n  price: cheap\n", "[]", "record 1 has the price 'cheap'"),
        ("- id: p1\n- name: Pack\n", "[]", "record 2 is no table with an id"),
        ("- id: p1\n", '{"id": 1}', "is no list"),
        ("- id: p1\n", "[" * 100_000, "cannot be read"),
        ("- id: p1\n", "[", "cannot be read"),
        ("- id: [p1\n", "[]", "cannot be read"),
    ],
)
def test_a_broken_catalogue_of_the_retail_demo_store_is_reported_by_its_record(tmp_path, products, users, message):
    write(tmp_path, "products.yaml", products)
    write(tmp_path, "users.json", users)

    stream = open_stream(tmp_path)

    with pytest.raises(UnknownFormatError, match=message):
        assert [*stream.items, *stream.users]


def test_a_first_line_nested_too_deep_is_refused_and_the_others_are_read(tmp_path):
    nested = '{"a":' * 100_000
    event = '{"event_type":"View","timestamp":"2024-01-01T00:00:00Z","user_id":"u","item_id":"i"}'

    stream = open_stream(write(tmp_path, "events.jsonl", f"{nested}\n{event}\n"))

    assert [event.outcome for event in stream.events] == ["malformed_json", "accepted"]


@pytest.mark.parametrize("text", ["", "user item\n1 2\n", "a,b\n1,2\n", '{"visitor": 1}\n', "PK\x03\x04"])
def test_an_unknown_file_is_named_with_the_accepted_formats(tmp_path, text):
    path = write(tmp_path, "file.txt", text)

    with pytest.raises(UnknownFormatError, match=r"file\.txt") as caught:
        open_stream(path)

    assert "accepted formats" in str(caught.value)


def test_an_unknown_folder_is_named_with_its_content(tmp_path):
    write(tmp_path, "notes.txt", "x")

    with pytest.raises(UnknownFormatError, match=r"notes\.txt"):
        open_stream(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnknownFormatError, match="does not exist"):
        open_stream(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("text", "per_second", "expected"),
    [
        ("0", 1, "1970-01-01T00:00:00.000Z"),
        ("1396860669.2774", 1, "2014-04-07T08:51:09.277Z"),
        ("1396860669277", 1000, "2014-04-07T08:51:09.277Z"),
        ("-1", 1, "-1"),
        ("inf", 1, "inf"),
        ("soon", 1, "soon"),
    ],
)
def test_epoch_times_become_rfc3339(text, per_second, expected):
    assert epoch_to_rfc3339(text, per_second) == expected


def test_formatted_times_are_utc_unless_they_have_an_offset():
    assert text_to_rfc3339("07.04.2014 08:51", "%d.%m.%Y %H:%M") == "2014-04-07T08:51:00.000+00:00"
    assert text_to_rfc3339("07.04.2014 08:51 +0200", "%d.%m.%Y %H:%M %z") == "2014-04-07T08:51:00.000+02:00"
    assert text_to_rfc3339("later", "%d.%m.%Y") == "later"
