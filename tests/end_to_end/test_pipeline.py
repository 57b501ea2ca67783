"""From a click to a recommendation: every event is counted, even after a kill, and recommendations react to clicks.

The tests depend on one another in order, like the steps of the pipeline.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import boto3
import nbformat
import pyarrow as pa
import pytest
import urllib3

from data import replay
from data.analysis import Lake
from data.generator import Settings, generate
from deployment.audit.comparison import HISTORY, LAKE, STAGES, STREAM, TRACKER
from deployment.local.cloud import ROOT
from deployment.local.demo import analysis, reactions, shown_lists
from deployment.local.provision import plan_changes
from tests.end_to_end.pipeline import TIMEOUT_SECONDS, SilentProgress, read_until
from tests.factories.data_sets.parquet import parquet_bytes
from tests.fakes.notebooks import executed, printed

UNTIL = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

# Changes that a second plan may show because of faults of the emulator, as listed in infrastructure/README.md.
DOCUMENTED_CHANGES: set[str] = set()


def generate_shop(seed: int, events: int):
    return generate(Settings(items=200, users=300, events=events, seed=seed, until=UNTIL))


def assert_adds_up(pipeline, stream, result, since) -> None:
    """Assert that sent = accepted + suppressed + refused, and that each stage holds each accepted event once, by id."""
    expected = stream.expected
    assert result.unaccounted == 0
    assert result.sent == expected.sent
    assert (result.accepted, result.suppressed) == (expected.accepted, expected.suppressed)
    assert result.refused == expected.refused
    written_again = pipeline.athena.count_bad_rows(since) - (result.refused.total() - result.withheld)
    assert written_again >= 0
    assert result.retries or not written_again
    assert read_until(lambda: pipeline.lake(since).distinct_in_run, expected.distinct) == expected.distinct
    read_until(pipeline.count_tracked_events, pipeline.lake(since).forwarded)
    audited = pipeline.audit()
    assert (audited.comparison.unaccounted, audited.comparison.distinct, audited.remarks) == (0, expected.distinct, [])
    stages = audited.comparison.stages
    assert list(stages) == list(STAGES)
    assert stages[STREAM].found == stages[LAKE].found == expected.distinct
    assert 0 < stages[TRACKER].found == stages[HISTORY].found < expected.distinct
    assert stages[TRACKER].found + audited.comparison.not_forwarded.total() == expected.distinct


def test_every_event_is_accounted_for(pipeline):
    # Given a stream with repeats, late and broken events and denied consent
    stream = generate_shop(seed=1, events=4_000)
    since = datetime.now(UTC)
    replay.load_catalogue(stream, pipeline.api.url, pipeline.api.key)

    # When it is sent to the API
    with pipeline.ledger.open("wb") as ledger:
        result = replay.replay(stream, pipeline.api.url, pipeline.api.key, ledger=ledger)

    # Then it adds up at every stage
    assert result.refused.total() > 0
    assert stream.expected.repeats > 0
    assert_adds_up(pipeline, stream, result, since)


def test_every_product_of_the_catalogue_is_listed_and_found(pipeline):
    page = pipeline.api.get("/products", num_results=100)
    products = page["products"]
    while "next_page" in page:
        page = pipeline.api.get("/products", num_results=100, page=page["next_page"])
        products += page["products"]
    assert len({product["item_id"] for product in products}) == len(products) == 200

    one = products[-1]
    in_category = pipeline.api.get("/products", category=one["category"], search=one["title"].upper())["products"]
    assert one in in_category
    assert pipeline.api.get(f"/products/{quote(one['item_id'])}").items() >= one.items()


def test_every_event_is_accounted_for_after_a_kill_during_the_replay(pipeline):
    stream = generate_shop(seed=2, events=6_000)
    since = datetime.now(UTC)
    settled = 0
    a_third_is_settled = threading.Event()

    def count(events: int) -> None:
        nonlocal settled
        settled += events
        if settled > 2_000:
            a_third_is_settled.set()

    # When all processes are killed during the replay, and restarted a second later
    def kill_and_restart() -> None:
        a_third_is_settled.wait(60)
        pipeline.cloud.kill()
        time.sleep(1)
        pipeline.cloud.start()

    restart = threading.Thread(target=kill_and_restart)
    restart.start()
    with pipeline.ledger.open("wb") as ledger:
        result = replay.replay(stream, pipeline.api.url, pipeline.api.key, on_progress=count, ledger=ledger)
    restart.join(TIMEOUT_SECONDS)

    # Then some requests were retried, and the counts still add up
    assert not restart.is_alive()
    assert result.retries > 0
    assert_adds_up(pipeline, stream, result, since)


def test_refused_records_of_every_stage_are_in_one_table(pipeline):
    # Given bad rows of collect, and a record that a producer wrote to the stream itself
    kinesis = pipeline.cloud.client("kinesis")
    kinesis.put_record(StreamName=pipeline.made["stream_name"], Data=b'{"event_type": "Stare"}', PartitionKey="x")

    # Then the saved queries of analysts find what each stage refused
    def refused() -> set[tuple[str, str]]:
        rows = pipeline.saved_query("bad-rows-by-stage")
        return {(row["written_by"], row["oldest_version"]) for row in rows}

    every = {("collect", "1"), ("forward", "1"), ("lake", "1")}
    assert read_until(refused, every) == every
    assert {row["source"] for row in pipeline.saved_query("bad-rows-by-reason")} == {"collect", "forward", "lake"}
    assert pipeline.saved_query("bots") == []


def test_recommendations_are_trained_and_react_to_the_next_click(pipeline):
    # When a training is started by the API
    output = pipeline.train()

    # Then the data sets hold every event of the lake that is an interaction
    manifest = output["Manifest"]
    lake = pipeline.lake(datetime.now(UTC))
    assert manifest["written"]["interactions"] + sum(manifest["dropped"].values()) == lake.distinct
    assert manifest["written"]["items"] == 200
    assert manifest["written"]["users"] == 300
    assert {rows["Rows"] for rows in output["Imports"]} == {manifest["written"]["interactions"], 200, 300}

    # And known users get recommendations that change after a few clicks
    user = next(event.user for event in generate_shop(seed=1, events=4_000).events if event.user.startswith("u"))
    answer = pipeline.api.get(f"/recommendations/{quote(user)}", num_results=10)
    assert len(answer["items"]) == 10
    assert answer["source"] == "recommender"
    reaction = reactions.react(pipeline.api, user)
    latest = pipeline.api.get(f"/users/{quote(user)}/history", num_results=len(reaction.clicked))
    assert {event["item_id"] for event in latest["events"]} == set(reaction.clicked)
    assert reaction.seconds is not None
    assert reaction.after != reaction.before

    # And the clicked items are among the strongest contributions to the new recommendations
    assert {f"item:{item}" for item in reaction.clicked} & set(reaction.because)


def test_a_list_that_was_seen_is_stored_and_only_what_follows_is_an_interaction(pipeline):
    # Given the lists of some users, which they see and click
    tastes = shown_lists.read_tastes(generate_shop(seed=1, events=4_000))
    lists = shown_lists.ask(pipeline.api, tastes.users(20), lambda _: None)
    behaviour = shown_lists.behave(lists, tastes)
    followed = behaviour.clicked.total() + behaviour.bought.total()

    # When the events are sent
    with pipeline.ledger.open("wb") as ledger:
        result = replay.replay(behaviour.stream, pipeline.api.url, pipeline.api.key, ledger=ledger)

    # Then all are in the lake, and the clicks and purchases at the tracker
    assert result.accepted == len(behaviour.events) == 20 + followed
    stages = pipeline.audit().comparison.stages
    assert [stages[stage].found for stage in STAGES] == [20 + followed, 20 + followed, followed, followed]
    assert behaviour.clicked.total() > 0


def test_an_explanation_adds_up_for_every_item(pipeline):
    user_id = next(str(user["user_id"]) for user in generate_shop(seed=1, events=4_000).users)
    popular = pipeline.api.get("/popular", num_results=5, explain="true")
    similar = pipeline.api.get(f"/similar-items/{quote(popular['items'][0]['item_id'])}", num_results=5, explain="true")
    personal = pipeline.api.get(f"/recommendations/{quote(user_id)}", num_results=50, explain="true")

    for answer in (popular, similar, personal):
        assert "unexplained" not in answer
        for item in answer["items"]:
            assert sum(part["weight"] for part in item["because"]) == pytest.approx(1.0), item


def test_similar_popular_and_ranked_items_are_returned(pipeline):
    popular = [entry["item_id"] for entry in pipeline.api.get("/popular", num_results=5)["items"]]
    similar = pipeline.api.get(f"/similar-items/{quote(popular[0])}", num_results=5)["items"]
    user_id = next(str(user["user_id"]) for user in generate_shop(seed=1, events=4_000).users)
    ranked = pipeline.api.post("/rerank", {"user_id": user_id, "items": [*popular, "unknown-item"]})["items"]

    by_popularity = pipeline.api.get(f"/recommendations/{quote(user_id)}", model="popular")

    assert by_popularity["model"] == "rivulet-local-popular"
    assert len(set(popular)) == 5
    assert popular[0] not in [entry["item_id"] for entry in similar]
    assert sorted(entry["item_id"] for entry in ranked) == sorted([*popular, "unknown-item"])
    assert ranked[-1]["item_id"] == "unknown-item"


def test_a_visitor_gets_what_fits_five_chosen_items_and_facts(pipeline):
    chosen = [entry["item_id"] for entry in pipeline.api.get("/popular", num_results=5)["items"]]
    facts = {"gender": "female", "interests": ["Shoes", "Nowhere"]}

    answers = [
        pipeline.api.post("/recommendations", body)
        for body in ({"items": chosen}, {"facts": facts}, {"items": chosen, "facts": facts, "filter": "in-stock"})
    ]

    assert [answer["source"] for answer in answers] == ["chosen", "facts", "chosen_and_facts"]
    assert [answer.get("facts") for answer in answers] == [None, ["gender", "interests"], ["gender", "interests"]]
    for answer in answers:
        items = [entry["item_id"] for entry in answer["items"]]
        assert len(items) == len({*items}) == 25
        assert not {*chosen} & {*items} or answer["source"] == "facts"


def test_an_execution_writes_a_visitor_who_was_never_seen_and_then_asks_for_its_items(pipeline):
    # Given a visitor of whom nothing but a choice and facts is known
    chosen = [entry["item_id"] for entry in pipeline.api.get("/popular", num_results=5)["items"]]
    body = {"items": chosen, "facts": {"gender": "female", "interests": ["Shoes"]}, "filter": "in-stock"}

    # When an execution is started
    started = pipeline.api.post("/recommendations?async=true", body | {"num_results": 10})
    assert started["status"] == "RUNNING"

    # Then it has the answer of the campaign, which the sent events and the user have an effect on
    path = started["status_url"]
    assert read_until(lambda: pipeline.api.get(path)["status"], "SUCCEEDED") == "SUCCEEDED"
    result = pipeline.api.get(path)["result"]
    items = [entry["item_id"] for entry in result["items"]]
    assert len({*items} - {*chosen}) == len(items) == 10
    assert (result["source"], result["facts"]) == ("chosen_and_facts", ["gender", "interests"])
    assert result["model"] == "rivulet-local-user-personalization"
    assert all(entry["score"] > 0 for entry in result["items"])

    # And no log has what the visitor states, chooses and gets
    machine = pipeline.stepfunctions.describe_state_machine(stateMachineArn=pipeline.made["visitors_state_machine_arn"])
    assert machine["type"] == "STANDARD"
    assert not machine["loggingConfiguration"].get("includeExecutionData")
    logged = pipeline.logs("/aws/vendedlogs/states/rivulet-local-visitors", "/aws/lambda/rivulet-local-recommend")
    assert [text for text in (started["execution_id"], "female", *chosen, *items) if text in logged] == []


def test_an_answer_leaves_a_served_list_in_the_lake(pipeline):
    answer = pipeline.api.get("/popular", num_results=5)

    def sources() -> set[tuple[str, str]]:
        return {(row["route"], row["model"]) for row in pipeline.saved_query("served-and-not-seen")}

    expected = {("popular", answer["model"])}
    assert read_until(lambda: sources() & expected, expected) == expected


def test_items_out_of_stock_are_filtered_out(pipeline):
    catalogue = generate_shop(seed=1, events=4_000).items
    sold_out = {str(item["item_id"]) for item in catalogue if item["availability"] == "out_of_stock"}
    popular, in_stock, not_bought = (
        {entry["item_id"] for entry in pipeline.api.get("/popular", num_results=100, **chosen)["items"]}
        for chosen in ({}, {"filter": "in-stock"}, {"filter": "not-bought-in-stock", "user_id": "no-buyer"})
    )

    assert popular & sold_out
    assert len(in_stock) == len(not_bought) == 100
    assert (in_stock | not_bought) & sold_out == set()


def test_a_second_training_is_judged_against_the_deployed_version(pipeline):
    # When a second training uses the same lake
    before = campaign_version(pipeline, "user-personalization")
    deployments = pipeline.train()["Deployments"]

    # Then each new version was compared with the deployed one, and its events with that one's training data
    for deployment in deployments:
        verdict = deployment["Verdict"]
        assert verdict["comparisons"], verdict["reason"]
        assert verdict["drift"]["measures"], verdict["drift"]["reason"]
    deployed = next(entry for entry in deployments if entry["CampaignArn"].endswith("-user-personalization"))
    version, verdict = deployed["SolutionVersionArn"], deployed["Verdict"]
    assert campaign_version(pipeline, "user-personalization") == version == verdict["version"]
    assert (version == before) == (verdict["kept"] == "champion")


def test_a_failed_training_reports_the_cause_and_keeps_the_deployed_versions(pipeline):
    # Given a file in the lake that is not Parquet
    s3 = pipeline.cloud.client("s3")
    broken = {
        "Bucket": pipeline.made["buckets"]["lake"],
        "Key": "raw/events/ingest_date=2026-01-01/ingest_hour=00/broken.parquet",
    }
    s3.put_object(**broken, Body=b"this is no Parquet")
    before = [campaign_version(pipeline, name) for name in ("popular", "user-personalization")]

    # When a training runs
    started = pipeline.api.post("/train", {})
    ended = read_until(lambda: pipeline.api.get(f"/train/{started['id']}")["status"], "FAILED")
    report = pipeline.api.get(f"/train/{started['id']}")
    s3.delete_object(**broken)

    # Then the report names the failed step, and the deployed versions keep serving
    assert ended == "FAILED"
    assert "BuildDataSets" in json.dumps(report)
    assert [campaign_version(pipeline, name) for name in ("popular", "user-personalization")] == before
    assert pipeline.api.get("/popular")["items"]


def campaign_version(pipeline, name):
    group = pipeline.made["dataset_group"]
    arn = f"arn:aws:personalize:eu-central-1:000000000000:campaign/{group}-{name}"
    return boto3.client("personalize").describe_campaign(campaignArn=arn)["campaign"]["solutionVersionArn"]


VALID = {"event_type": "View", "timestamp": "2026-01-31T12:00:00Z", "user_id": "someone", "item_id": "something"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_type": "Vue"}, "event_type"),
        ({"event_type": None}, "event_type"),
        ({"colour": "red"}, "colour"),
        ({"event_value": "many"}, "event_value"),
        ({"timestamp": "1970-01-21T00:00:00Z"}, "timestamp"),
        ({"timestamp": (datetime.now(UTC) + timedelta(days=2)).isoformat()}, "timestamp"),
        ({"timestamp": 1_700_000_000}, "timestamp"),
        ({"item_id": "x" * 257}, "item_id"),
        ({"user_id": "a\u0000b"}, "user_id"),
        ({"properties": {"text": "x" * 2_000}}, "properties"),
    ],
)
def test_an_invalid_event_is_answered_with_the_field_and_the_rule(pipeline, change, field):
    status, answer = request(pipeline, "POST", "/events", VALID | change)

    assert status == 400
    (verdict,) = answer["events"]
    assert verdict["status"] == "refused"
    assert verdict["errors"][0]["field"].startswith(field)
    assert verdict["errors"][0]["rule"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "/events", b"{not json", 400, "body"),
        ("POST", "/events", b"[]", 400, "body"),
        ("POST", "/events", json.dumps([VALID] * 501).encode(), 400, "body"),
        ("POST", "/events", b" " * 1_100_000, 413, "body"),
        ("GET", "/recommendations/unknown-user", None, 404, "user_id"),
        ("GET", "/recommendations/" + "x" * 257, None, 400, "user_id"),
        ("GET", "/similar-items/unknown-item", None, 404, "item_id"),
        ("GET", "/popular?num_results=0", None, 400, "num_results"),
        ("GET", "/popular?num_results=101", None, 400, "num_results"),
        ("GET", "/popular?num_results=ten", None, 400, "num_results"),
        ("GET", "/popular?colour=red", None, 400, "colour"),
        ("GET", "/popular?model=ranking", None, 400, "model"),
        ("POST", "/recommendations", b'{"items": ["one"]}', 400, "items"),
        ("POST", "/rerank", b'{"user_id": "someone", "items": []}', 400, "items"),
        ("GET", "/popular?num_results=51&explain=true", None, 400, "num_results"),
        ("GET", "/train/never-started", None, 404, "id"),
        ("POST", "/train", b'{"trainer": "sagemaker"}', 400, "trainer"),
        ("POST", "/update-data", b'{"kind": "recipes", "records": []}', 400, "kind"),
    ],
)
def test_an_invalid_request_is_answered_with_the_field_and_the_rule(pipeline, method, path, body, status, field):
    answered, answer = request(pipeline, method, path, body)

    assert answered == status
    assert answer["error"]["field"] == field
    assert answer["error"]["rule"]


def test_a_body_reaches_the_function_unchanged(pipeline):
    body = json.dumps(VALID).encode()
    compressed = urllib3.request(
        "POST",
        pipeline.api.url + "/events",
        body=gzip.compress(body),
        headers={"x-api-key": pipeline.api.key, "content-encoding": "gzip"},
    )
    status, answer = request(pipeline, "POST", "/events", body.replace(b"View", b"\xff\xfe"))

    assert (compressed.status, compressed.json()["accepted"]) == (202, 1)
    assert (status, answer["error"]["code"]) == (400, "malformed_json")


def test_a_second_plan_is_empty_except_for_faults_of_the_emulator(pipeline):
    changed = {change["resource"]["addr"] for change in plan_changes(pipeline.cloud)}

    assert changed <= DOCUMENTED_CHANGES


def request(pipeline, method, path, body=None):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    headers = {"x-api-key": pipeline.api.key}
    response = urllib3.request(method, pipeline.api.url + path, body=data, headers=headers, retries=False)
    return response.status, response.json()


@pytest.mark.parametrize("format_", ["jsonl.gz", "parquet"])
def test_an_upload_is_processed_and_its_report_adds_up(pipeline, format_):
    # Given an object with more events than one portion, one of them broken
    events = [VALID | {"user_id": f"uploaded-{format_}-{number}"} for number in range(1_201)] + [
        VALID | {"event_type": "Vue"}
    ]
    bucket, key = pipeline.made["buckets"]["uploads"], f"clicks.{format_}"
    lines = "\n".join(json.dumps(event) for event in events).encode()
    timestamps = {"timestamp": datetime.fromisoformat(VALID["timestamp"])}
    table = pa.Table.from_pylist([event | timestamps for event in events])
    body = gzip.compress(lines) if format_ == "jsonl.gz" else parquet_bytes(table)
    pipeline.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    before = pipeline.count_tracked_events()

    # When its import is started by the API
    started = pipeline.api.post("/update-data", {"kind": "interactions", "source": f"s3://{bucket}/{key}"})

    # Then its report adds up, and the events reach the tracker
    path = f"/update-data/{started['id']}"
    assert read_until(lambda: pipeline.api.get(path)["state"], "SUCCEEDED") == "SUCCEEDED"
    report = pipeline.api.get(path)
    assert (report["read"], report["accepted"], report["refused"]) == (1_202, 1_201, {"unknown_value": 1})
    assert read_until(lambda: pipeline.count_tracked_events() - before, 1_201) == 1_201


def test_the_curated_lake_has_every_event_once_and_answers_an_analysts_questions(pipeline):
    # When the lake is curated, again where events were delivered meanwhile
    curation = pipeline.made["curation_state_machine_arn"]
    received = None
    while (delivered := pipeline.lake(datetime.now(UTC))) != received:
        received = delivered
        analysis.curate(pipeline.stepfunctions, curation, SilentProgress())

    # Then its clean events are the distinct events of the raw lake, and no row is unaccounted
    lake = Lake(pipeline.made["database"], pipeline.made["athena_workgroup"])
    quality = lake.view("data_quality")
    assert quality["unaccounted"].sum() == 0
    assert (quality["raw"].sum(), quality["clean"].sum()) == (received.rows, received.distinct)

    # And each question of the demonstration has an answer
    assert [answer.question for answer in analysis.ask(lake) if not answer.rows] == []

    # And the notebook runs on it
    folder = ROOT / "data" / "analysis"
    notebook = executed(nbformat.read(folder / "from-question-to-plot.ipynb", as_version=4), folder)
    plots = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert len(plots) == 4
    assert "rivulet-local-user-personalization" in printed(notebook)
