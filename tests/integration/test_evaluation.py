"""The evaluation from data sets on disk to experiments that are kept and compared; and on real data."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from backend.contract.rules.identity import name_session
from data.generate import main as generate_files
from data.generate import write_stream
from data.generator import Settings, generate
from data.loaders.__main__ import main as load
from model.datasets.data_set import UnknownDataError, read_data_set
from model.evaluation.__main__ import main
from model.evaluation.evaluate import evaluate
from model.evaluation.experiments import UnknownExperimentError, compare, list_experiments, load_experiment
from model.evaluation.off_policy.replay import BadLogError, read_decisions
from tests.factories.data_sets.gowalla import gowalla
from tests.factories.data_sets.shared_data import shared

README = Path(__file__).resolve().parents[2] / "model" / "evaluation" / "README.md"
COLUMNS = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,RECOMMENDATION_ID"
POPULAR = "aws-popularity-count"
SIMILAR = "aws-similar-items"
PERSONAL = "aws-user-personalization-v2"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A generated shop in the contract's form, broken events included."""
    folder = tmp_path_factory.mktemp("shop")
    write_stream(generate(Settings(items=150, users=120, events=4000, days=14, seed=7)), folder)
    return folder


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """MovieLens in the contract's form."""
    folder = tmp_path_factory.mktemp("films")
    assert load([str(shared("ml-latest-small")), "--out", str(folder)]) == 0
    return folder


def lines(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_every_line_of_a_generated_shop_is_an_interaction_or_left_out_for_a_reason(shop):
    data = read_data_set(shop)
    expected = json.loads((shop / "expected.json").read_text())

    left_out = dict(data.left_out)
    without_item = left_out.pop("no_item") + left_out.pop("other_type")
    assert left_out.pop("no_consent") == expected["suppressed"]
    assert left_out == expected["refused"]
    # Repeats and what two events say alike within one second count once.
    assert expected["distinct"] - without_item - len(data.interactions) < 0.02 * expected["distinct"]
    assert any(feature.startswith("CATEGORY=") for feature in data.items.features[0])
    assert any(data.users.features)


def test_the_data_sets_of_the_spark_job_are_read_with_their_escapes_values_in_the_order_of_the_interactions(tmp_path):
    lines(
        tmp_path / "interactions" / "part-0.csv",
        COLUMNS,
        'u2,"a,1",20,Rating,4.0,,',
        "u1,b,30,Rating,,,",
    )
    lines(
        tmp_path / "interactions" / "part-1.csv",
        COLUMNS,
        'u1,"a,1",10,Rating,2.5,,',
        'u1,"a,1",10,Rating,2.5,,',
    )
    # Of an earlier version, without AVAILABILITY
    lines(
        tmp_path / "items" / "part-0.csv",
        "ITEM_ID,TITLE,CATEGORY,BRAND,PRICE,DESCRIPTION,CREATION_TIMESTAMP",
        '"a,1",A \\"good\\" thing,shoes|boots,,9.5,Made for long days,5',
    )
    data = read_data_set(tmp_path)

    ratings_of = {
        (data.interactions.user_ids[user], data.interactions.item_ids[item]): value
        for user, item, value in zip(
            data.interactions.users.tolist(), data.interactions.items.tolist(), data.values.tolist(), strict=True
        )
    }
    assert ratings_of.pop(("u1", "b")) != 0  # not a number
    assert ratings_of == {("u1", "a,1"): 2.5, ("u2", "a,1"): 4.0}
    assert data.items.features[0][:2] == ("CATEGORY=shoes", "CATEGORY=boots")
    assert data.items.numbers["PRICE"] == [9.5]
    assert data.users.item_ids == []


def test_a_clickstream_of_another_form_is_turned_into_the_contracts(tmp_path, capsys):
    lines(tmp_path / "clicks.tsv", "SessionId\tItemId\tTime", "1\t214\t1396860669.2", "1\t215\t1396860700")

    assert load([str(tmp_path / "clicks.tsv"), "--out", str(tmp_path / "out")]) == 0
    data = read_data_set(tmp_path / "out")
    assert (data.interactions.user_ids, data.interactions.item_ids) == (["session#1"], ["214", "215"])
    assert load([str(tmp_path / "missing"), "--out", str(tmp_path / "out")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_anonymous_events_belong_to_the_users_who_logged_in_to_their_session(tmp_path):
    def event(second, **who):
        return json.dumps(
            {"event_type": "View", "item_id": f"i{second}", "timestamp": f"2026-01-31T12:00:{second:02}Z", **who}
        )

    lines(
        tmp_path / "events.jsonl",
        event(1, session_id="s1"),
        event(2, session_id="s1", user_id="anna"),
        event(4, session_id="s1", user_id="bert"),
        event(5, session_id="s1"),
        event(3, session_id="s1"),
        event(6, session_id="s2"),
        event(7, session_id="t" * 256),
    )
    data = read_data_set(tmp_path)

    counts = dict(zip(data.interactions.user_ids, np.bincount(data.interactions.users).tolist(), strict=True))
    assert counts == {"anna": 3, "bert": 2, "session#s2": 1, name_session("t" * 256): 1}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "neither events.jsonl nor interactions, but nothing at all"),
        ({"items.jsonl": "{}"}, "neither events.jsonl nor interactions, but items.jsonl"),
        ({"events.jsonl": ""}, "holds no interaction.*left out: nothing, since it is empty"),
        ({"events.jsonl": "{}"}, "holds no interaction.*left out: 1 missing_field"),
        ({"interactions.csv": COLUMNS}, "holds no interaction"),
        ({"interactions.csv": "USER_ID,ITEM_ID\nu,i"}, "lacks columns.*data.loaders"),
        ({"interactions.csv": f"{COLUMNS}\nu,i,soon,View,,,"}, "line 2"),
    ],
)
def test_what_is_no_data_set_is_refused_with_what_was_found(tmp_path, files, words):
    for name, text in files.items():
        lines(tmp_path / name, text)

    with pytest.raises(UnknownDataError, match=words):
        read_data_set(tmp_path)


def test_a_path_to_a_file_is_refused_with_the_folder_to_name(shop, tmp_path):
    with pytest.raises(UnknownDataError, match="does not exist"):
        read_data_set(tmp_path / "no-such")
    with pytest.raises(UnknownDataError, match=f"is a file; name the folder that holds it: {shop}"):
        read_data_set(shop / "events.jsonl")


def test_the_command_evaluates_plots_saves_and_compares(shop, tmp_path, capsys):
    saved_in = ["--folder", str(tmp_path)]
    run = [*saved_in, "run", str(shop), "--recipes", f"{PERSONAL},{POPULAR}", "--split", "next", "--seen-counts"]

    assert main([*run, "--share", "0.3"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "the whole catalogue is ranked" in printed
    assert "ndcg@10 by slice" in printed

    names = list_experiments(tmp_path)
    assert [name.split("/")[1] for name in names] == [POPULAR, PERSONAL]
    folder = tmp_path / names[0].split("/")[0]
    assert {path.name for path in folder.glob("*.png")} == {"metrics.png", "slices.png", "coverage.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))
    document = json.loads((folder / PERSONAL / "result.json").read_text())
    assert document["metrics"]["ndcg@10"]["low"] <= document["metrics"]["ndcg@10"]["mean"]
    assert any(name.startswith("GENDER=") for name in document["slices"])

    assert main([*saved_in, "compare", names[1], names[0]]) == 0
    assert f"{PERSONAL} minus" in " ".join(capsys.readouterr().out.split())
    popular, personal = (load_experiment(name, tmp_path) for name in names)
    found = compare(personal.result, popular.result, ["ndcg@10"])
    assert found[0].interval.mean == pytest.approx(
        document["metrics"]["ndcg@10"]["mean"] - popular.result.mean("ndcg@10")
    )
    assert {same.verdict for same in compare(popular.result, popular.result, ["ndcg@10"])} == {"no difference shown"}

    assert main([*saved_in, "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_sampled_and_full_ranking_are_never_compared(shop, tmp_path, capsys):
    for protocol in ("full", "sampled"):
        command = ["run", str(shop), "--recipes", POPULAR, "--protocol", protocol, "--name", protocol]
        assert main(["--folder", str(tmp_path), *command]) == 0
    assert "SAMPLED" in capsys.readouterr().out

    assert main(["--folder", str(tmp_path), "compare", f"full/{POPULAR}", f"sampled/{POPULAR}"]) == 2
    assert "did not answer the same questions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["run", "SHOP", "--recipes", "aws-item-affinity"], "is not a recipe that recommends items"),
        (["run", "SHOP", "--share", "2"], "between 0 and 1"),
        (["run", "SHOP", "--recipes", "no-such"], "no-such is not a recipe that recommends items"),
        (["ratings", "SHOP", "--recipes", "no-such"], "no-such does not predict ratings"),
        (
            ["run", "SHOP", "--recipes", POPULAR, "--set", "depth=3"],
            "aws-popularity-count has no hyper-parameter depth",
        ),
        (["run", "SHOP", "--recipes", "aws-sims", "--set", "min_cointeraction_count=99"], "from 0 to 10"),
        (["replay", "no-such.jsonl", "SHOP"], "no-such.jsonl cannot be read"),
        (["run", "SHOP", "--name", "../elsewhere"], "cannot be named"),
        (["compare", "one/a", "two/b"], "has no experiment one/a"),
        (["ratings", "SHOP", "--recipes", POPULAR], "does not predict ratings"),
        (["replay", "SHOP", "SHOP", "--recipes", "no-such"], "no-such is not a recipe that recommends items"),
    ],
)
def test_a_mistake_is_reported_in_one_sentence_and_nothing_is_saved(shop, tmp_path, capsys, command, words):
    arguments = [str(shop) if word == "SHOP" else word for word in command]

    assert main(["--folder", str(tmp_path), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["run", ""], "name the folder of a data set"),
        (["run", "SHOP", "--recipes", " , "], "name at least one recipe"),
        (["run", "SHOP", "--questions", "few"], "'few' is not a whole number above 0"),
        (["run", "SHOP", "--questions", "0"], "'0' is not a whole number above 0"),
        (["run", "SHOP", "--set", "depth"], "'depth' is not NAME=VALUE"),
    ],
)
def test_an_invalid_argument_is_refused_with_what_is_expected(capsys, command, words):
    with pytest.raises(SystemExit):
        main(command)
    assert words in capsys.readouterr().err


def test_an_unknown_recipe_is_reported_before_the_data_are_read(tmp_path, capsys):
    assert main(["run", str(tmp_path / "no-such"), "--recipes", f"{POPULAR},aws-popular"]) == 2
    assert "aws-popular is not a recipe" in capsys.readouterr().err


def test_runs_are_saved_in_folders_not_in_files(shop, tmp_path, capsys):
    lines(tmp_path / "file", "")

    assert main(["--folder", str(tmp_path / "file"), "run", str(shop), "--recipes", POPULAR]) == 2
    assert "which is a file; name a folder" in capsys.readouterr().err
    assert main(["--folder", str(tmp_path / "none"), "list"]) == 0
    assert "there are no experiments in" in capsys.readouterr().out


def test_recipes_that_cannot_learn_from_the_data_are_reported_after_the_results_of_the_others(tmp_path, capsys):
    rows = [f"person-{n % 7},item-{n * n % 40},{n},View,,," for n in range(60)]
    lines(tmp_path / "bare" / "interactions.csv", COLUMNS, *rows)
    # One wants a thousand purchases, the other texts.
    names = f"aws-ecomm-popular-items-by-purchases, aws-semantic-similarity, {POPULAR},{POPULAR}"

    command = ["run", str(tmp_path / "bare"), "--recipes", names, "--name", "both"]
    assert main(["--folder", str(tmp_path), *command]) == 2
    assert list_experiments(tmp_path) == [f"both/{POPULAR}"]
    said = capsys.readouterr()
    assert "saved in" in said.out
    assert "aws-ecomm-popular-items-by-purchases needs at least 1000 events of the type Purchase" in said.err
    assert "aws-semantic-similarity cannot learn from bare: no item has a text" in said.err


@pytest.mark.parametrize(
    ("events", "split", "words"),
    [
        ([("anna", "a", 1)], "last", "none of 1 users has two events"),
        ([("anna", "a", 1), ("anna", "b", 2), ("anna", "c", 3)], "users", "at least one user must stay"),
        ([("anna", "a", 5), ("bert", "b", 5), ("carl", "c", 5)], "time", "have the time"),
        ([("anna", "a", 1), ("anna", "a", 2), ("bert", "a", 3), ("bert", "a", 4)], "last", "is not in the user's"),
    ],
)
def test_data_that_leave_no_questions_are_reported(tmp_path, capsys, events, split, words):
    rows = [f"{user},{item},{moment},View,,," for user, item, moment in events]
    lines(tmp_path / "data" / "interactions.csv", COLUMNS, *rows)

    command = ["run", str(tmp_path / "data"), "--split", split, "--recipes", POPULAR]
    assert main(["--folder", str(tmp_path), *command]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("split", ["time", "next", "last"])
def test_one_user_alone_can_be_asked(tmp_path, split):
    rows = [f"anna,item-{n % 40},{n},View,,," for n in range(60)]
    lines(tmp_path / "data" / "interactions.csv", COLUMNS, *rows)

    command = ["run", str(tmp_path / "data"), "--split", split, "--recipes", POPULAR, "--seen-counts"]
    assert main(["--folder", str(tmp_path), *command]) == 0


def test_a_log_is_replayed_from_a_file(shop, tmp_path, capsys):
    items = read_data_set(shop).interactions.item_ids
    draw = np.random.default_rng(3)
    rows = [
        {"person": f"u{n}", "history": [], "item_id": items[place], "propensity": 1 / len(items), "reward": n % 2}
        for n, place in enumerate(draw.integers(0, len(items), 3000).tolist())
    ]
    lines(tmp_path / "log.jsonl", *(json.dumps(row) for row in rows))

    assert main(["replay", str(tmp_path / "log.jsonl"), str(shop), "--recipes", POPULAR, "--depth", "5"]) == 0
    assert "3,000 logged decisions" in " ".join(capsys.readouterr().out.split())


def test_lists_reported_by_events_are_replayed_from_a_folder(shop, tmp_path, capsys):
    items = read_data_set(shop).interactions.item_ids
    lists = [[items[(n * 7 + place) % len(items)] for place in range(4)] for n in range(500)]
    rows = [
        {
            "event_type": event_type,
            "timestamp": f"2026-01-31T12:{n // 60:02}:{n % 60:02}Z",
            "user_id": f"u{n % 50}",
            "recommendation_id": f"r{n}",
            **fields,
        }
        for n, shown in enumerate(lists)
        for event_type, fields in (
            ("Impression", {"impression": shown, "properties": {"propensity": 4 / len(items)}}),
            ("Click" if n % 3 else "View", {"item_id": shown[0]}),
        )
    ]
    lines(tmp_path / "log" / "events.jsonl", *(json.dumps(row) for row in rows))

    assert main(["replay", str(tmp_path / "log"), str(shop), "--recipes", POPULAR]) == 0
    assert "2,000 logged decisions" in " ".join(capsys.readouterr().out.split())
    assert main(["replay", str(shop), str(shop), "--recipes", POPULAR]) == 2
    assert "nothing to replay" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"person": "u", "item_id": "a", "reward": 1}', "line 2: 'propensity' is missing"),
        ('{"person": "u", "item_id": "a", "propensity": 0, "reward": 1}', "line 2: propensity 0.0"),
        ('{"person": "u", "item_id": "a", "propensity": 0.5, "reward": NaN}', "line 2: reward nan"),
        ("not json", "line 2"),
    ],
)
def test_a_log_that_cannot_be_replayed_is_refused_by_line(tmp_path, line, words):
    good = '{"person": "u", "item_id": "a", "propensity": 0.5, "reward": 1}'
    lines(tmp_path / "log.jsonl", good, line)

    with pytest.raises(BadLogError, match=words):
        read_decisions(tmp_path / "log.jsonl")


def test_films_like_the_last_one_are_better_than_popular_ones_and_rated_better_than_by_the_mean(
    films, tmp_path, capsys
):
    run = ["run", str(films), "--split", "last", "--recipes", f"{SIMILAR},{POPULAR}", "--name", "films"]

    assert main(["--folder", str(tmp_path), *run]) == 0
    popular, similar = (load_experiment(f"films/{name}", tmp_path) for name in (POPULAR, SIMILAR))
    assert compare(similar.result, popular.result, ["ndcg@10"])[0].verdict == "better"
    capsys.readouterr()
    assert main(["ratings", str(films)]) == 0
    assert "0.9068" in capsys.readouterr().out


class Users:
    """Scores items by their number of users."""

    def __init__(self, train):
        self._counts = np.bincount(train.items, minlength=len(train.item_ids)).astype(np.float32)

    def scores(self, users):
        return np.tile(self._counts, (users.size, 1))


def test_popularity_has_the_figures_on_gowalla_that_it_has_elsewhere():
    split = gowalla(shared("gowalla-lightgcn").parent)

    result = evaluate(Users(split.train), split, cuts=(20,))

    assert len(result) == 29858
    assert (round(result.mean("recall@20"), 4), round(result.mean("ndcg@20"), 4)) == (0.0416, 0.0317)


def test_an_unknown_experiment_lists_the_existing_ones(tmp_path):
    with pytest.raises(UnknownExperimentError, match="it has: none"):
        load_experiment("a/b", tmp_path)


def test_the_commands_of_the_readme_do_what_it_says(tmp_path, monkeypatch, capsys):
    text = README.read_text(encoding="utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    monkeypatch.chdir(tmp_path)
    (logged,) = re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)
    lines(tmp_path / "log.jsonl", logged)
    ran = 0
    for command in commands:
        words = shlex.split(command, comments=True)
        if words[1:3] == ["-m", "data.generate"]:
            assert generate_files([*words[3:], "--events", "3000", "--people", "100", "--items", "120"]) == 0
        elif words[1:3] == ["-m", "model.evaluation"] and "ratings" not in words:
            assert main(words[3:]) == 0, capsys.readouterr().err
            ran += 1
    assert ran >= 5
