"""Files in the forms of public data sets, made up here: each becomes events of the contract, none is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import data.loaders
from data.loaders import open_stream

MAPPINGS = Path(data.loaders.__file__).with_name("mappings")


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def events_of(stream):
    assert not stream.expected.refused
    return [json.loads(event.payload) for event in stream.events]


def test_a_folder_in_the_form_of_movielens_100k(tmp_path):
    write(tmp_path, "u.data", "7\t2\t3\t881200000\n8\t1\t5\t891700000\n")
    flags = "|".join("1" if place in {1, 16} else "0" for place in range(19))
    write(
        tmp_path,
        "u.item",
        f"1|Café 9 (1995)|01-Jan-1995||http://films.example/1|{flags}\n"
        f"2|unknown||||{'|'.join(['1', *['0'] * 18])}\n3|Rails (1895)|28-Dec-1895|||{flags}\n",
        "latin-1",
    )
    genres = [f"genre {place}" for place in range(19)]
    genres[0], genres[1], genres[16] = "unknown", "Action", "Thriller"
    write(tmp_path, "u.genre", "".join(f"{name}|{place}\n" for place, name in enumerate(genres)) + "\n")
    write(tmp_path, "u.user", "7|24|M|baker|00001\n8|57|F|pilot|00002\n")

    stream = open_stream(tmp_path)

    assert events_of(stream)[0] == {
        "event_type": "Rating",
        "user_id": "7",
        "item_id": "2",
        "timestamp": "1997-12-04T01:46:40.000Z",
        "event_value": 3.0,
    }
    assert list(stream.items) == [
        {
            "item_id": "1",
            "title": "Café 9 (1995)",
            "category": "Action|Thriller",
            "created_at": "1995-01-01T00:00:00Z",
        },
        {"item_id": "2", "title": "unknown"},
        {"item_id": "3", "title": "Rails (1895)", "category": "Action|Thriller"},
    ]
    assert list(stream.users) == [
        {"user_id": "7", "age_group": "18-24", "gender": "male"},
        {"user_id": "8", "age_group": "56+", "gender": "female"},
    ]


def test_a_folder_in_the_form_of_movielens_1m(tmp_path):
    write(tmp_path, "ratings.dat", "1::2::5::978300000\n2::1::3.5::978300001\n")
    write(tmp_path, "movies.dat", "1::Amélie, 2: the Return (2001)::Comedy|Drama\n2::No Year::Children's\n", "latin-1")
    write(tmp_path, "users.dat", "1::F::1::3::00001\n2::M::56::4::00002\n")

    stream = open_stream(tmp_path)

    assert [(event["user_id"], event["event_value"]) for event in events_of(stream)] == [("1", 5), ("2", 3.5)]
    assert list(stream.items) == [
        {
            "item_id": "1",
            "title": "Amélie, 2: the Return (2001)",
            "category": "Comedy|Drama",
            "created_at": "2001-01-01T00:00:00Z",
        },
        {"item_id": "2", "title": "No Year", "category": "Children's"},
    ]
    assert [user["age_group"] for user in stream.users] == ["under 18", "56+"]


def test_a_folder_in_the_form_of_movielens_25m_with_quotes_and_a_byte_order_mark(tmp_path):
    write(tmp_path, "ratings.csv", '\ufeff"userId","movieId","rating","timestamp"\n1,2,5.0,1147800000\n')
    write(tmp_path, "movies.csv", '\ufeffmovieId,title,genres\n2,"Story, A (1999)",(no genres listed)\n')

    stream = open_stream(tmp_path)

    assert [event["event_value"] for event in events_of(stream)] == [5.0]
    assert list(stream.items) == [
        {"item_id": "2", "title": "Story, A (1999)", "created_at": "1999-01-01T00:00:00Z"},
    ]
    assert [user["user_id"] for user in stream.users] == ["1"]


@pytest.mark.parametrize("name", ["ratings.dat", "u.data"])
def test_a_file_of_ratings_alone_has_items_and_users_from_its_events(tmp_path, name):
    delimiter = "::" if name == "ratings.dat" else "\t"

    stream = open_stream(write(tmp_path, name, delimiter.join(["1", "2", "5", "978300000"]) + "\n"))

    assert [item["item_id"] for item in stream.items] == ["2"]
    assert [user["user_id"] for user in stream.users] == ["1"]


RETAIL = '''\
Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
700001,M12,"CANDLE, ""TALL""",3,2024-01-01 10:20:00,4.25,99,Norway
'''
STORE = """\
event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2024-01-01 00:00:00 UTC,cart,61,62,,maker,35.5,63,s-64
"""

FORMS = {
    "retailrocket": (
        "timestamp,visitorid,event,itemid,transactionid\n1704067200117,11,view,21,\n1704067260276,11,transaction,22,31\n",
        {
            "user_id": "11",
            "event_type": "Purchase",
            "item_id": "22",
            "order_id": "31",
            "timestamp": "2024-01-01T00:01:00.276Z",
        },
    ),
    "taobao": (
        "12,34,56,pv,1704067200\n12,35,57,fav,1704067201\n",
        {
            "user_id": "12",
            "item_id": "35",
            "event_type": "Like",
            "timestamp": "2024-01-01T00:00:01.000Z",
            "properties": {"category": "57"},
        },
    ),
    "amazon-ratings": (
        "A0USER,0123456789,5.0,1704067200\n",
        {
            "event_type": "Rating",
            "user_id": "A0USER",
            "item_id": "0123456789",
            "event_value": 5.0,
            "timestamp": "2024-01-01T00:00:00.000Z",
        },
    ),
    "amazon-reviews": (
        '{"reviewerID": "A1", "asin": "0001", "overall": 4.0, "reviewText": "fine", "unixReviewTime": 1704067200}\n',
        {
            "event_type": "Rating",
            "user_id": "A1",
            "item_id": "0001",
            "event_value": 4.0,
            "timestamp": "2024-01-01T00:00:00.000Z",
        },
    ),
    "lastfm-1k": (
        'user_1\t2024-01-01T00:00:00Z\tf-1\t"The" Band\t\tTrack, one\n',
        {"event_type": "Watch", "user_id": "user_1", "timestamp": "2024-01-01T00:00:00Z", "item_id": "f-1"},
    ),
    "online-retail": (
        "\ufeff" + RETAIL,
        {
            "event_type": "Purchase",
            "currency": "GBP",
            "order_id": "700001",
            "item_id": "M12",
            "quantity": 3,
            "event_value": 4.25,
            "user_id": "99",
            "timestamp": "2024-01-01T10:20:00.000+00:00",
            "properties": {"Country": "Norway"},
        },
    ),
    "bread-basket": (
        "Date,Time,Transaction,Item\n2024-01-01,09:10:11,1,Roll\n",
        {
            "event_type": "Purchase",
            "session_id": "1",
            "item_id": "Roll",
            "timestamp": "2024-01-01T09:10:11.000+00:00",
        },
    ),
    "multi-category-store": (
        STORE,
        {
            "event_type": "AddToCart",
            "item_id": "61",
            "event_value": 35.5,
            "user_id": "63",
            "session_id": "s-64",
            "timestamp": "2024-01-01T00:00:00.000+00:00",
            "properties": {"brand": "maker"},
        },
    ),
}


@pytest.mark.parametrize("name", sorted(path.stem for path in MAPPINGS.iterdir()))
def test_a_file_of_another_public_form_is_read_with_its_mapping(tmp_path, name):
    text, last = FORMS[name]

    stream = open_stream(write(tmp_path, "events.txt", text), MAPPINGS / f"{name}.yaml")

    assert events_of(stream)[-1] == last
