"""An engine folder, a lake and an experiment of an earlier version still open, and answer as they did.

What is stored, and how it was made: tests/integration/formats/README.md.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter

import pytest

from model.arrays.model_files import FORGOTTEN, forget_users
from model.registry.recipes import RECIPES
from tests.fakes.s3 import FileS3
from tests.integration.formats import answers, data, make_experiment, make_lake
from tests.integration.formats.engine_process import EngineProcess
from tests.integration.formats.store import extract


@pytest.fixture(scope="module")
def engine_folder(tmp_path_factory):
    return extract("engine", tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="module")
def recorded(engine_folder):
    return json.loads((engine_folder / "answers.json").read_text())


@pytest.fixture(scope="module")
def answered(engine_folder, recorded):
    s3 = FileS3(engine_folder / "s3")
    engine = EngineProcess(engine_folder / "engine", s3.url, recorded["moment"])
    try:
        yield json.loads(json.dumps(answers.everything(engine, s3, "today", recorded["moment"])))
    finally:
        engine.stop()
        s3.close()


@pytest.mark.parametrize("part", ["resources", "recommendations", "filtered", "exported"])
def test_an_engine_folder_of_an_earlier_version_answers_as_it_did(answered, recorded, part):
    differing = [name for name in recorded[part] if not same(answered[part].get(name), recorded[part][name])]
    if part in {"recommendations", "filtered"}:
        same_unseen = same_list if part == "recommendations" else same_when_cut
        differing = [
            name
            for name in differing
            if not any(
                same_unseen(answered[part][name], recorded[part][name], seen) for seen in seen_in(recorded, name)
            )
        ]

    assert sorted(answered[part]) == sorted(recorded[part])
    assert not differing, {name: (answered[part][name], recorded[part][name]) for name in differing[:3]}


def test_models_of_an_earlier_version_keep_their_attributes_and_lose_deleted_users(tmp_path):
    paths = extract("engine", tmp_path).glob("engine/versions/*/model.json")
    documents = {path: json.loads(path.read_text()) for path in paths}
    segments = {path for path, document in documents.items() if "attributes" in document}
    with_users = {path for path, document in documents.items() if {"users", "persons"} & document.keys()}
    assert (len(segments), len(with_users)) == (2, 3)

    for path in segments:
        RECIPES["aws-item-attribute-affinity"].algorithm.load(path.parent).save(path.parent)
        assert json.loads(path.read_text()) == documents[path]
    for path in with_users:
        [key] = {"users", "persons"} & documents[path].keys()
        assert forget_users(path.parent, documents[path][key])
        assert set(json.loads(path.read_text())[key]) == {FORGOTTEN}


def test_an_engine_folder_of_an_earlier_version_holds_as_many_events(answered, recorded):
    assert numbers(answered["counts"]) == numbers(recorded["counts"])


def numbers(metrics):
    """Return the value of each series, without labels that are newer: `3` and `3.0` are the same to Prometheus."""
    series = (re.sub(r'account="\d+",|,region="[^"]+"', "", line).rpartition(" ") for line in metrics)
    return {name: float(value) for name, _, value in series}


def same(value, expected):
    """Return whether two JSON values are equal but for the last digits of numbers."""
    if isinstance(expected, dict) and isinstance(value, dict):
        return value.keys() == expected.keys() and all(same(value[name], expected[name]) for name in expected)
    if isinstance(expected, list) and isinstance(value, list):
        return len(value) == len(expected) and all(map(same, value, expected))
    if isinstance(expected, float) and isinstance(value, int | float):
        return value == pytest.approx(expected, rel=1e-4, abs=1e-6)
    return value == expected


def seen_in(recorded, name):
    """Return the items that the user of an answer had interacted with: without streamed events, and with them.

    The stored dataset groups have the same imports, and not the same streamed events.
    """
    user = name.partition(" ")[2]
    reasons = [reason["name"] for row in recorded["recommendations"].get(name, []) for reason in row[2]]
    imported = {item for buyer, item, *_ in data.interactions() if buyer == user}
    imported |= {reason.removeprefix("item:") for reason in reasons}
    return imported, imported | {*recorded["filtered"].get(f"history {user}", ())}


def same_list(listed, expected, seen):
    """Return whether lists have the same items but for those that the user has seen, which are last since.

    The scores of the others have kept their proportions, since they sum to one with those of the seen ones.
    """
    now, then = ([row for row in rows if row[0] not in seen] for rows in (listed, expected))
    length = min(len(now), len(then))
    scores = [(row[1], before[1]) for row, before in zip(now, then, strict=False) if row[1] is not None]
    return (
        same([[item, why] for item, _, why in now[:length]], [[item, why] for item, _, why in then[:length]])
        and all(score * scores[0][1] == pytest.approx(before * scores[0][0], rel=1e-3) for score, before in scores)
        and {row[0] for row in listed[length:]} >= {row[0] for row in listed if row[0] in seen}
    )


def same_when_cut(items, expected, seen):
    """Return whether two full lists differ only in items that the user has seen, which are last since, and in new ones.

    The scores of new items differ in digits that processors round.
    """
    known, expected_known = (
        [item for item in of if item not in seen and not item.startswith(("new-", "streamed-"))]
        for of in (items, expected)
    )
    return len(expected) == answers.LONGEST == len(items) and known == expected_known


@pytest.fixture(scope="module")
def lake_folder(tmp_path_factory):
    return extract("lake", tmp_path_factory.mktemp("lake"))


PRODUCER = r",\"producer\":\"server\""
"""What the front door has added to an event since."""


def plain(written):
    """Return what functions wrote and sent, with the records of the stream taken apart, without moments."""
    records = make_lake.deaggregated([base64.b64decode(record) for record in written["records"]])
    document = {
        **written,
        "records": [record.decode() for record in records],
        "requests": [row for operation, request in written["requests"] for row in rows_of(operation, request)],
    }
    text = make_lake.without_moments(json.dumps(document, indent=1, sort_keys=True))
    return sorted(line.rstrip(",") for line in text.splitlines())


def rows_of(operation, request):
    """Return the rows that a request stores; how many of them one request holds, and its conditions, may change."""
    if operation == "BatchWriteItem":
        return [[table, row["PutRequest"]["Item"]] for table, rows in request["RequestItems"].items() for row in rows]
    if operation == "TransactWriteItems":
        return [[put["TableName"], put["Item"]] for put in (row["Put"] for row in request["TransactItems"])]
    return [[operation, request]]


def objects(s3):
    """Return the lines of the objects that functions wrote, with their number, by bucket and prefix."""
    found: dict[str, Counter[str]] = {}
    for path in sorted(s3.rglob("*.jsonl")):
        key = make_lake.without_moments(path.relative_to(s3).parent.as_posix())
        found.setdefault(key, Counter()).update(make_lake.without_moments(path.read_text()).splitlines())
    return found


def test_the_functions_write_what_they_wrote(lake_folder, tmp_path):
    make_experiment.run("tests.integration.formats.make_lake", str(tmp_path))

    stored, made = (json.loads((folder / "requests.json").read_text()) for folder in (lake_folder, tmp_path))
    # Later versions write more, such as when an item expires; what was written then is written still, except that the
    # event tracker gets the context columns of its data set in place of the event's own properties.
    missing = Counter(plain(stored)) - Counter(line.replace(PRODUCER, "") for line in plain(made))
    assert [line for line in missing if not line.startswith('      "properties":')] == []
    written = objects(tmp_path / "s3")
    for key, lines in objects(lake_folder / "s3").items():
        names = {name for line in lines for name in json.loads(line)}
        assert (
            Counter(fields(line, names) for line in lines.elements())
            - Counter(fields(line, names) for line in written.get(key, Counter()).elements())
            == Counter()
        ), key


def fields(line, names):
    """Return the fields of a JSON line that have these names."""
    return json.dumps({name: value for name, value in json.loads(line).items() if name in names})


def test_an_experiment_of_an_earlier_version_is_listed_and_compared_as_one_of_today(lake_folder, tmp_path):
    make_experiment.write_clicks(tmp_path / "clicks")
    experiments = lake_folder / "experiments"
    make_experiment.judge(experiments, tmp_path / "clicks", "today")

    listed = make_experiment.run("model.evaluation", "--folder", str(experiments), "list").splitlines()
    numbers = [line.partition(": ") for line in listed]
    of_run = {name: rest for name, _, rest in numbers}
    for recipe in make_experiment.RECIPES.split(","):
        stored, today = f"stored/{recipe}", f"today/{recipe}"
        compared = make_experiment.run("model.evaluation", "--folder", str(experiments), "compare", stored, today)
        if recipe == "aws-popularity-count":
            assert of_run[stored] == of_run[today]
            assert "+0.0000" in compared
        else:
            # What linear algebra learns differs in its last digits between processors, and so do choices by them.
            assert re.sub(r"\d", "#", of_run[stored]) == re.sub(r"\d", "#", of_run[today])
            assert "ndcg@10" in compared
