"""The job on small lakes: the rows it keeps, the reasons for dropping rows, and the sums of its counts."""

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.contract import Event, read_event
from backend.contract.accounting.outcomes import DATASETS
from backend.forward.tracker import context_properties
from scripts.arguments import Options, Window
from scripts.build import NoEventsError, build_datasets
from scripts.event_types import INTERACTION_TYPES
from tests.factories.data_sets.lakes import FIRST_SCHEMA, NOON, event, read_csv, write_events, write_lines

MINUTE = timedelta(minutes=1)


class Builder:
    """Builds data sets from the lake in a folder; returns the manifest and the data sets, interactions by time."""

    def __init__(self, spark, folder: Path) -> None:
        self.spark = spark
        self.lake = folder / "raw"
        self.folder = folder / "datasets"

    def __call__(self, run_id: str = "run", interaction_types: tuple[str, ...] = INTERACTION_TYPES, **window: datetime):
        target = f"{self.folder}/{run_id}/"
        options = Options("test", f"{self.lake}/", target, run_id, Window(**window), interaction_types)
        manifest = build_datasets(self.spark, options)
        folder = self.folder / run_id
        assert json.loads((folder / "manifest.json").read_text()) == manifest
        sets = {kind: read_csv(folder / kind) for kind in ("interactions", "items", "users")}
        sets["interactions"].sort(key=lambda row: int(row["TIMESTAMP"]))
        assert manifest["events_read"] == (
            manifest["duplicates"] + sum(manifest["dropped"].values()) + manifest["written"]["interactions"]
        )
        assert manifest["written"] == {kind: len(rows) for kind, rows in sets.items()}
        return manifest, sets


@pytest.fixture
def build(spark, tmp_path):
    return Builder(spark, tmp_path)


def test_the_first_arrival_of_a_repeated_event_is_kept(build):
    late = event(0, item_id="i-late", received_at=NOON + 5 * MINUTE)
    write_events(build.lake, [late, event(1)], [event(0), late])

    manifest, sets = build()

    assert [row["ITEM_ID"] for row in sets["interactions"]] == ["i-1", "i-1"]
    assert (manifest["events_read"], manifest["distinct"], manifest["duplicates"]) == (4, 2, 2)


def test_the_choice_between_simultaneous_copies_does_not_depend_on_their_order(build):
    copy, other = event(0, item_id="i-a"), event(0, item_id="i-b")
    write_events(build.lake, [copy, other])
    _, first = build("first")
    for path in build.lake.rglob("*.parquet"):
        path.unlink()
    write_events(build.lake, [other], [copy])

    _, second = build("second")

    assert first == second


def test_events_that_are_not_interactions_are_dropped_with_a_reason(build, ansi):
    write_events(
        build.lake,
        [
            event(0),
            event(1, event_type="Search", item_id=None),
            event(2, consent="denied"),
            event(3, user_id=None, session_id=None),
            event(4, item_id="ITEM_ID"),
            event(5, user_id="USER_ID"),
            event(6, timestamp=None),
            event(7, consent=None),
            event(8, event_type="Impression", item_id=None, impression=["i-1", "i-2"], positions=[1, 2]),
            event(9, event_type="Search"),
            event(10, event_type="Dislike"),
        ],
    )

    manifest, sets = build()

    assert manifest["dropped"] == {
        "impression": 1,
        "incomplete": 1,
        "no_consent": 1,
        "no_identity": 1,
        "no_item": 2,
        "other_type": 1,
        "reserved_word": 2,
    }
    assert manifest["dropped"].keys() == DATASETS.outcomes.keys() - {"duplicates", "written"}
    assert len(sets["interactions"]) == 2


def test_the_declared_types_are_the_interactions(build):
    write_events(build.lake, [event(0), event(1, event_type="Wish"), event(2, event_type="Click")])

    manifest, sets = build(interaction_types=("Wish", "Click"))

    assert [row["EVENT_TYPE"] for row in sets["interactions"]] == ["Wish", "Click"]
    assert manifest["dropped"] == {"other_type": 1}


def test_rows_from_before_a_column_existed_are_read_beside_later_ones(build, ansi):
    # Given files of the lake's first version and of this one, in the same partition
    write_events(build.lake, [event(0)], schema=FIRST_SCHEMA)
    write_events(build.lake, [event(1, device="tablet", visitor_id="v-1", position=3), event(2)])
    write_lines(build.lake, "users", "old", {"user_id": "u-1", "gender": "F"})
    write_lines(build.lake, "users", "new", {"user_id": "u-2", "country": "DE", "city": "Munich", "device": "phone"})

    _, sets = build()

    assert [(row["DEVICE"], row["HOUR"]) for row in sets["interactions"]] == [("", "12"), ("tablet", "12"), ("", "12")]
    assert {row["USER_ID"]: (row["COUNTRY"], row["CITY"], row["DEVICE"]) for row in sets["users"]} == {
        "u-1": ("", "", ""),
        "u-2": ("DE", "Munich", "phone"),
    }


def test_the_context_is_that_of_the_streamed_events(build):
    rows = [event(0, timestamp=NOON - 8 * 60 * MINUTE, device="smart  tv"), event(1, timestamp=NOON + 719 * MINUTE)]
    write_events(build.lake, rows)

    _, sets = build()

    streamed = []
    for row in rows:
        payload = json.dumps({name: str(value) for name, value in row.items()}).encode()
        read = read_event(payload, now=NOON + 24 * 60 * MINUTE)
        assert isinstance(read, Event), read
        streamed.append(json.loads(context_properties(read)))
    assert streamed == [{"device": "smart  tv", "hour": "04"}, {"hour": "23"}]
    written = [{"device": row["DEVICE"], "hour": row["HOUR"]} for row in sets["interactions"]]
    assert written == [{"device": "", **context} for context in streamed]


def test_anonymous_events_belong_to_the_users_who_log_in_to_their_session(build):
    long_session = "s" * 256
    write_events(
        build.lake,
        [
            event(0, user_id=None),
            event(1, user_id="u-first"),
            event(2, user_id="u-second"),
            event(3, user_id=None),
            event(4, user_id=None, session_id="s-other"),
            event(5, user_id="u-third", session_id=None),
            event(6, user_id=None, session_id=long_session),
            event(7, user_id=None, session_id="s-single"),
            event(8, user_id="u-first", session_id="s-single"),
        ],
    )

    _, sets = build()

    assert [row["USER_ID"] for row in sets["interactions"]] == [
        "u-first",
        "u-first",
        "u-second",
        "u-second",
        "session#s-other",
        "u-third",
        f"session#{hashlib.sha256(long_session.encode()).hexdigest()}",
        "u-first",
        "u-first",
    ]


def test_a_dropped_event_identifies_its_sessions_user_only_if_it_was_accepted(build):
    write_events(
        build.lake,
        [
            event(0, user_id=None, session_id="a"),
            event(1, user_id="u-a", session_id="a", event_type="Search", item_id=None),
            event(2, user_id=None, session_id="b"),
            event(3, user_id="u-b", session_id="b", consent="denied"),
            event(4, user_id=None, session_id="c"),
            event(5, user_id="u-c", session_id="c", timestamp=None),
            event(6, user_id=None, session_id="d"),
            event(7, user_id="u-d", session_id="d", item_id="ITEM_ID"),
            event(8, user_id=None, session_id="e"),
            event(9, user_id="USER_ID", session_id="e"),
        ],
    )

    _, sets = build()

    assert [row["USER_ID"] for row in sets["interactions"]] == ["u-a", "session#b", "session#c", "u-d", "session#e"]


def test_values_are_written_as_personalize_reads_them(build):
    ids = ["x" * 256, "y" * 256, "z" * 256, "w" * 256]
    difficult_ids = ["a,b", 'a"b', "a\\b", '\\"', "\\", "ü雪", "#x", "a'b", " "]
    cases: list[tuple[dict[str, Any], dict[str, str]]] = [
        *(({"item_id": item}, {"ITEM_ID": item}) for item in difficult_ids),
        ({"impression": ids}, {"IMPRESSION": "|".join(ids[:3])}),
        ({"impression": ["a|b", "ITEM_ID", None, "c"]}, {"IMPRESSION": "c"}),
        ({"impression": ["a|b"]}, {"IMPRESSION": ""}),
        ({"impression": []}, {"IMPRESSION": ""}),
        ({"impression": ["A_ID", "b"]}, {"IMPRESSION": "A_ID|b"}),
        ({"event_value": None}, {"EVENT_VALUE": ""}),
        ({"event_value": float("nan")}, {"EVENT_VALUE": ""}),
        ({"event_value": float("inf")}, {"EVENT_VALUE": ""}),
        ({"event_value": 1e39}, {"EVENT_VALUE": ""}),
        ({"event_value": -1.5}, {"EVENT_VALUE": "-1.5"}),
        ({"event_value": 1e-7}, {"EVENT_VALUE": "1.0E-7"}),
        ({"recommendation_id": "EVENT_TYPE"}, {"RECOMMENDATION_ID": ""}),
        ({"recommendation_id": "RID-1"}, {"RECOMMENDATION_ID": "RID-1"}),
    ]
    moments = [NOON + timedelta(seconds=number, milliseconds=999) for number in range(len(cases))]
    write_events(
        build.lake,
        [event(number, **fields, timestamp=moments[number]) for number, (fields, _) in enumerate(cases)],
    )

    _, sets = build()

    for row, (_, expected), moment in zip(sets["interactions"], cases, moments, strict=True):
        assert row.items() >= expected.items()
        assert int(row["TIMESTAMP"]) == int(moment.timestamp())


def test_a_run_consists_of_csv_files_with_the_schemas_columns(build):
    earlier = build.folder / "run/interactions/part-earlier.csv"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("USER_ID\nof an earlier attempt\n")
    write_events(build.lake, [event(0, received_at=None)])
    build.spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")

    manifest, sets = build(start=NOON, end=NOON + MINUTE)

    assert manifest["written"] == {"interactions": 1, "items": 0, "users": 0}
    assert [row["USER_ID"] for row in sets["interactions"]] == ["u-1"]
    for kind in ("interactions", "items", "users"):
        files = [path for path in (build.folder / "run" / kind).iterdir() if not path.name.startswith(".")]
        schema = json.loads((Path(__file__).parents[3] / f"model/schemas/{kind}.avsc").read_text(encoding="utf-8"))
        header = ",".join(field["name"] for field in schema["fields"])
        assert {path.suffix for path in files} == {".csv"}
        assert {path.read_text().splitlines()[0] for path in files} == {header}


def test_the_latest_version_of_a_record_is_kept(build):
    write_events(build.lake, [event(0)])
    write_lines(build.lake, "items", "b", {"item_id": "i-1", "title": "old"}, {"item_id": "i-1", "title": "newest"})
    write_lines(build.lake, "items", "a", {"item_id": "i-1", "title": "oldest"}, day="2026-10-31")
    early = {"user_id": "u-1", "gender": "early", "received_at": "2026-11-01T10:00:00.000Z"}
    late = {"user_id": "u-1", "gender": "late", "received_at": "2026-11-01T11:00:00.000Z"}
    write_lines(build.lake, "users", "a", late)
    write_lines(build.lake, "users", "b", early)

    manifest, sets = build()

    assert [row["TITLE"] for row in sets["items"]] == ["newest"]
    assert [row["GENDER"] for row in sets["users"]] == ["late"]
    assert manifest["items"] == {"read": 3, "superseded": 2, "dropped": {}}


def test_an_items_values_are_converted_to_personalizes_limits(build, ansi):
    write_events(build.lake, [event(5, item_id="seen")])
    write_lines(
        build.lake,
        "items",
        "all",
        {
            "item_id": "full",
            "title": ' Two\n lines "x" ',
            "category": "a|b",
            "brand": "BRAND, Ltd",
            "price": 9.99,
            "availability": "out_of_stock",
            "description": "d" * 20_001,
            "created_at": "2026-01-01T01:00:00.000+01:00",
            "properties": {"colour": "red"},
        },
        {"item_id": "long", "category": "|".join(["c" * 300] * 4), "title": "TIMESTAMP", "brand": "b" * 1001},
        {"item_id": "seen", "created_at": "some day"},
        {"item_id": "new"},
        {"item_id": "ancient", "created_at": "1905-01-01T00:00:00Z"},
    )

    _, sets = build()

    items = {row.pop("ITEM_ID"): row for row in sets["items"]}
    latest = str(int(NOON.timestamp()) + 5)
    assert list(items["full"].items()) == [
        ("TITLE", 'Two lines "x"'),
        ("CATEGORY", "a|b"),
        ("BRAND", "BRAND, Ltd"),
        ("PRICE", "9.99"),
        ("AVAILABILITY", "out_of_stock"),
        ("DESCRIPTION", "d" * 20_000),
        ("CREATION_TIMESTAMP", "1767225600"),
    ]
    assert items["long"]["CATEGORY"] == "|".join(["c" * 300] * 3)
    assert (items["long"]["TITLE"], items["long"]["BRAND"]) == ("", "")
    assert items["seen"]["CREATION_TIMESTAMP"] == items["new"]["CREATION_TIMESTAMP"] == latest
    assert items["ancient"]["CREATION_TIMESTAMP"] == "0"
    # As of records of an earlier version, which had no such field.
    assert items["seen"]["AVAILABILITY"] == ""


def test_unusable_records_are_counted(build):
    write_events(build.lake, [event(0)])
    write_lines(
        build.lake,
        "users",
        "all",
        {"user_id": "u-1", "gender": "female", "age_group": "25-34", "interests": "a|b", "membership": "gold"},
        "{broken",
        "{broken",
        {"gender": "male"},
        {"user_id": "USER_ID"},
        {"user_id": "u" * 257},
        {"user_id": "u-2", "created_at": "2026-01-01T00:00:00Z"},
    )

    manifest, sets = build()

    assert manifest["users"]["dropped"] == {"no_id": 1, "reserved_word": 1, "too_long": 1, "unreadable": 2}
    nowhere = dict.fromkeys(("COUNTRY", "REGION", "CITY", "DEVICE"), "")
    assert sets["users"] == [
        {"USER_ID": "u-1", "AGE_GROUP": "25-34", "GENDER": "female", "INTERESTS": "a|b", "MEMBERSHIP": "gold"}
        | nowhere,
        {"USER_ID": "u-2", "AGE_GROUP": "", "GENDER": "", "INTERESTS": "", "MEMBERSHIP": ""} | nowhere,
    ]


@pytest.mark.parametrize("empty", ["nothing", "folder", "parquet"])
def test_a_lake_without_events_is_an_error(build, empty, tmp_path):
    if empty == "folder":
        (build.lake / "events").mkdir(parents=True)
    if empty == "parquet":
        write_events(build.lake, [])

    with pytest.raises(NoEventsError, match="holds no event"):
        build()

    assert not (tmp_path / "datasets/run/manifest.json").exists()


def test_only_events_that_arrived_within_the_window_are_read(build):
    arrivals = [NOON - MINUTE, NOON, NOON + MINUTE, NOON + 2 * MINUTE]
    write_events(build.lake, *([event(n, received_at=arrival)] for n, arrival in enumerate(arrivals)))

    manifest, sets = build(start=NOON, end=NOON + 2 * MINUTE)

    assert manifest["events_read"] == 2
    assert len(sets["interactions"]) == 2
    with pytest.raises(NoEventsError, match="2027"):
        build(start=NOON.replace(year=2027))


def test_the_same_window_gives_the_same_bytes(build, tmp_path):
    write_events(
        build.lake,
        [event(n, user_id=f"u-{n % 7}" if n % 3 else None, session_id=f"s-{n % 11}") for n in range(300)],
        [event(n, session_id=f"s-{n % 11}") for n in range(150, 450)],
    )
    write_lines(build.lake, "items", "a", *({"item_id": f"i-{n}", "title": str(n)} for n in range(50)))

    manifest, _ = build("first")
    build("second")

    def contents(run_id):
        return {
            kind: sorted(path.read_bytes() for path in (tmp_path / "datasets" / run_id / kind).glob("*.csv"))
            for kind in ("interactions", "items", "users")
        }

    assert contents("first") == contents("second")
    assert manifest["duplicates"] == 150


def test_the_manifest_profiles_the_training_data_and_its_recent_part_without_ids(build):
    # Given twenty days of views of one item, and a day of purchases of another, by a new user among others
    views = [
        event(day, user_id=f"u-{day % 4}", item_id="old", timestamp=NOON - timedelta(days=20 - day))
        for day in range(18)
    ]
    purchases = [
        event(100 + hour, user_id=user, item_id="new", event_type="Purchase", timestamp=NOON - timedelta(hours=hour))
        for hour, user in enumerate(["u-1", "u-9", "u-9"])
    ]
    write_events(build.lake, views, purchases)

    manifest, _ = build()

    trained, recent = manifest["profile"]["trained"], manifest["profile"]["recent"]
    assert (trained["interactions"], trained["event_types"]) == (21, {"Purchase": 3, "View": 18})
    assert (trained["until"], trained["users_with_two"]) == (NOON.isoformat(), 5)
    assert (recent["since"], recent["event_types"]) == ((NOON - timedelta(days=2)).isoformat(), {"Purchase": 3})
    assert list(trained["items"].values()) == [18, 3]
    assert set(recent["items"]) == set(trained["items"]) - {next(iter(trained["items"]))}
    today, first = str(NOON.date()), str((NOON - timedelta(days=19)).date())
    assert recent["items_first_seen"] == {today: 3}
    assert (recent["users_first_seen"], recent["users_counted"]) == ({first: 1, today: 2}, 3)
    assert not {"old", "new", "u-9"} & set(json.dumps(manifest["profile"]).replace('"', " ").split())
