"""The job on small lakes: what it keeps, what it drops and why, and that its counts add up."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scripts.arguments import Options, Window
from scripts.build import NoEvents, build_datasets
from tests.integration.datasets.lakes import NOON, event, read_csv, write_events, write_lines

MINUTE = timedelta(minutes=1)


class Builder:
    """Builds from the lake in a folder and returns the manifest and the data sets, interactions in order of time."""

    def __init__(self, spark, folder: Path) -> None:
        self.spark = spark
        self.lake = folder / "raw"
        self.folder = folder / "datasets"

    def __call__(self, run_id: str = "run", **window: datetime):
        options = Options("test", f"{self.lake}/", f"{self.folder}/{run_id}/", run_id, Window(**window))
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


def test_an_interaction_has_the_schemas_columns_in_order(build):
    write_events(build.lake, [event(0, event_value=9.5, impression=["i-1", "i-2"], recommendation_id="RID-1")])

    _, sets = build()

    assert list(sets["interactions"][0].items()) == [
        ("USER_ID", "u-1"),
        ("ITEM_ID", "i-1"),
        ("TIMESTAMP", str(int(NOON.timestamp()))),
        ("EVENT_TYPE", "View"),
        ("EVENT_VALUE", "9.5"),
        ("IMPRESSION", "i-1|i-2"),
        ("RECOMMENDATION_ID", "RID-1"),
    ]


def test_of_a_repeated_event_the_first_arrival_is_kept(build, ansi):
    late = event(0, item_id="i-late", received_at=NOON + 5 * MINUTE)
    write_events(build.lake, [late, event(1)], [event(0), late])

    manifest, sets = build()

    assert [row["ITEM_ID"] for row in sets["interactions"]] == ["i-1", "i-1"]
    assert (manifest["events_read"], manifest["distinct"], manifest["duplicates"]) == (4, 2, 2)


def test_copies_of_one_moment_are_told_apart_the_same_way_in_any_order(build):
    one, other = event(0, item_id="i-a"), event(0, item_id="i-b")
    write_events(build.lake, [one, other])
    _, first = build("first")
    for path in build.lake.rglob("*.parquet"):
        path.unlink()
    write_events(build.lake, [other], [one])

    _, second = build("second")

    assert first == second


def test_what_is_no_interaction_is_dropped_with_its_reason(build, ansi):
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
        ],
    )

    manifest, sets = build()

    assert manifest["dropped"] == {
        "incomplete": 1,
        "no_consent": 1,
        "no_identity": 1,
        "no_item": 1,
        "reserved_word": 2,
    }
    assert len(sets["interactions"]) == 2


def test_anonymous_events_go_to_whoever_logs_in_to_their_session_first(build):
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
        ],
    )

    _, sets = build()

    people = {int(row["TIMESTAMP"]) - int(NOON.timestamp()): row["USER_ID"] for row in sets["interactions"]}
    assert people[0] == people[1] == people[3] == "u-first"
    assert (people[2], people[4], people[5]) == ("u-second", "session#s-other", "u-third")
    assert people[6].startswith("session#")
    assert len(people[6]) <= 256


def test_a_login_in_a_dropped_event_tells_who_it_was_only_where_consent_was_given(build):
    write_events(
        build.lake,
        [
            event(0, user_id=None, session_id="a"),
            event(1, user_id="u-a", session_id="a", event_type="Search", item_id=None),
            event(2, user_id=None, session_id="b"),
            event(3, user_id="u-b", session_id="b", consent="denied"),
        ],
    )

    _, sets = build()

    assert [row["USER_ID"] for row in sets["interactions"]] == ["u-a", "session#b"]


def test_impressions_are_cut_to_whole_ids_and_cleared_of_what_would_break_them(build):
    ids = ["x" * 256, "y" * 256, "z" * 256, "w" * 256]
    write_events(
        build.lake,
        [
            event(0, impression=ids),
            event(1, impression=["a|b", "ITEM_ID", None, "c"]),
            event(2, impression=["a|b"]),
            event(3, impression=[]),
        ],
    )

    _, sets = build()

    assert [row["IMPRESSION"] for row in sets["interactions"]] == ["|".join(ids[:3]), "c", "", ""]


def test_values_with_commas_quotes_and_backslashes_come_back_as_they_were(build):
    hard = ["a,b", 'a"b', "a\\b", '\\"', "\\", "ü雪", "#x", "a'b", " "]
    write_events(build.lake, [event(number, item_id=item) for number, item in enumerate(hard)])

    _, sets = build()

    assert [row["ITEM_ID"] for row in sets["interactions"]] == hard


def test_numbers_that_are_none_are_left_out(build):
    values = [None, float("nan"), float("inf"), -1.5, 1e-7, 0.0]
    write_events(build.lake, [event(number, event_value=value) for number, value in enumerate(values)])

    _, sets = build()

    written = [row["EVENT_VALUE"] for row in sets["interactions"]]
    assert written[:3] == ["", "", ""]
    assert [float(value) for value in written[3:]] == [-1.5, 1e-7, 0.0]


def test_times_are_whole_seconds_that_have_begun(build):
    moments = [NOON + timedelta(milliseconds=999), NOON.replace(year=1999)]
    write_events(build.lake, [event(number, timestamp=moment) for number, moment in enumerate(moments)])

    _, sets = build()

    expected = [int(NOON.replace(year=1999).timestamp()), int(NOON.timestamp())]
    assert [int(row["TIMESTAMP"]) for row in sets["interactions"]] == expected


def test_the_newest_version_of_an_item_wins(build, ansi):
    write_events(build.lake, [event(0)])
    write_lines(build.lake, "items", "b", {"item_id": "i-1", "title": "old"}, {"item_id": "i-1", "title": "Newest"})
    write_lines(build.lake, "items", "a", {"item_id": "i-1", "title": "oldest"}, day="2026-10-31")

    manifest, sets = build()

    assert [row["TITLE"] for row in sets["items"]] == ["Newest"]
    assert manifest["items"] == {"read": 3, "superseded": 2, "dropped": {}}


def test_received_at_orders_versions_where_records_have_it(build):
    write_events(build.lake, [event(0)])
    early = {"item_id": "i-1", "title": "early", "received_at": "2026-11-01T10:00:00.000Z"}
    late = {"item_id": "i-1", "title": "late", "received_at": "2026-11-01T11:00:00.000Z"}
    write_lines(build.lake, "items", "a", late)
    write_lines(build.lake, "items", "b", early)

    _, sets = build()

    assert sets["items"][0]["TITLE"] == "late"


def test_an_items_values_are_made_to_fit(build, ansi):
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
    newest = str(int(NOON.timestamp()) + 5)
    assert list(items["full"].items()) == [
        ("TITLE", 'Two lines "x"'),
        ("CATEGORY", "a|b"),
        ("BRAND", "BRAND, Ltd"),
        ("PRICE", "9.99"),
        ("DESCRIPTION", "d" * 20_000),
        ("CREATION_TIMESTAMP", "1767225600"),
    ]
    assert items["long"]["CATEGORY"] == "|".join(["c" * 300] * 3)
    assert (items["long"]["TITLE"], items["long"]["BRAND"]) == ("", "")
    assert items["seen"]["CREATION_TIMESTAMP"] == items["new"]["CREATION_TIMESTAMP"] == newest
    assert items["ancient"]["CREATION_TIMESTAMP"] == "0"


def test_records_that_cannot_be_used_are_counted(build, ansi):
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
    assert sets["users"] == [
        {"USER_ID": "u-1", "AGE_GROUP": "25-34", "GENDER": "female", "INTERESTS": "a|b", "MEMBERSHIP": "gold"},
        {"USER_ID": "u-2", "AGE_GROUP": "", "GENDER": "", "INTERESTS": "", "MEMBERSHIP": ""},
    ]


def test_without_items_and_users_their_data_sets_have_a_header_only(build, tmp_path):
    write_events(build.lake, [event(0)])

    manifest, _ = build()

    assert manifest["written"] == {"interactions": 1, "items": 0, "users": 0}
    texts = [path.read_text() for path in (tmp_path / "datasets/run/users").glob("*.csv")]
    assert texts == ["USER_ID,AGE_GROUP,GENDER,INTERESTS,MEMBERSHIP\n"]


def test_a_folder_of_a_data_set_holds_csv_and_nothing_else(build, tmp_path):
    write_events(build.lake, [event(0)])
    build()

    names = {path.name for path in (tmp_path / "datasets/run/interactions").iterdir() if not path.name.startswith(".")}

    assert all(name.endswith(".csv") for name in names)


@pytest.mark.parametrize("empty", ["nothing", "folder", "parquet"])
def test_a_lake_without_events_is_said_so(build, empty, tmp_path):
    if empty == "folder":
        (build.lake / "events").mkdir(parents=True)
    if empty == "parquet":
        write_events(build.lake, [])

    with pytest.raises(NoEvents, match="holds no event"):
        build()

    assert not (tmp_path / "datasets/run/manifest.json").exists()


def test_only_what_came_in_within_the_window_is_read(build):
    arrivals = [NOON - MINUTE, NOON, NOON + MINUTE, NOON + 2 * MINUTE]
    write_events(build.lake, *([event(n, received_at=arrived)] for n, arrived in enumerate(arrivals)))

    manifest, sets = build(start=NOON, end=NOON + 2 * MINUTE)

    assert manifest["events_read"] == 2
    assert len(sets["interactions"]) == 2
    with pytest.raises(NoEvents, match="2027"):
        build(start=NOON.replace(year=2027))


def test_an_event_without_arrival_came_in_with_its_partition(build):
    write_events(build.lake, [event(0, received_at=None)])

    manifest, _ = build(start=NOON, end=NOON + MINUTE)

    assert manifest["written"]["interactions"] == 1


def test_the_same_window_gives_the_same_bytes(build, tmp_path):
    write_events(
        build.lake,
        [event(n, user_id=f"u-{n % 7}" if n % 3 else None, session_id=f"s-{n % 11}") for n in range(300)],
        [event(n, session_id=f"s-{n % 11}") for n in range(150, 450)],
    )
    write_lines(build.lake, "items", "a", *({"item_id": f"i-{n}", "title": str(n)} for n in range(50)))

    build("first")
    build("second")
    again = build("first")

    def contents(run_id):
        return {
            kind: sorted(path.read_bytes() for path in (tmp_path / "datasets" / run_id / kind).glob("*.csv"))
            for kind in ("interactions", "items", "users")
        }

    assert contents("first") == contents("second")
    assert again[0]["duplicates"] == 150


def test_a_second_attempt_replaces_what_the_first_has_left(build, tmp_path):
    write_events(build.lake, [event(0)])
    left = tmp_path / "datasets/run/interactions/part-left.csv"
    left.parent.mkdir(parents=True)
    left.write_text("USER_ID\nleft\n")

    _, sets = build()

    assert [row["USER_ID"] for row in sets["interactions"]] == ["u-1"]


@pytest.mark.parametrize("kind", ["interactions", "items", "users"])
def test_the_header_is_the_schema_that_personalize_is_given(build, tmp_path, kind):
    write_events(build.lake, [event(0)])
    schema = json.loads((Path(__file__).parents[3] / f"model/schemas/{kind}.avsc").read_text(encoding="utf-8"))
    build()

    headers = {path.read_text().splitlines()[0] for path in (tmp_path / "datasets/run" / kind).glob("*.csv")}

    assert headers == {",".join(field["name"] for field in schema["fields"])}
