"""What is streamed beside events: actions, action interactions, typed properties; and what a checkpoint leaves."""

from __future__ import annotations

import json

import pytest

from tests.contract.engine.calls import MOMENT, event, outcome, put_events, refusal
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import SCHEMA_FIELDS, START

FIELDS = {
    "Actions": [
        {"name": "ACTION_ID", "type": "string"},
        {"name": "VALUE", "type": ["long", "null"]},
        {"name": "CHANNEL", "type": ["string", "null"], "categorical": True},
    ],
    "ActionInteractions": [
        *({"name": name, "type": "string"} for name in ("USER_ID", "ACTION_ID", "EVENT_TYPE")),
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "DEVICE", "type": ["string", "null"], "categorical": True},
    ],
}


@pytest.fixture(scope="module")
def shop(engine, s3):
    made = Shop(engine, s3, account="888888888803")
    made.add_dataset("Actions", avro_schema("Actions", FIELDS["Actions"]))
    made.add_dataset(
        "ActionInteractions", avro_schema("ActionInteractions", FIELDS["ActionInteractions"]), "Action_Interactions"
    )
    described = made.control.describe_dataset(datasetArn=made.datasets["ActionInteractions"])["dataset"]
    made.tracking_id = described["trackingId"]
    return made


def interaction(**members):
    return {"actionId": "join", "sessionId": "s", "timestamp": MOMENT, "eventType": "Taken", **members}


@pytest.mark.honours("DescribeDataset", "an Action_Interactions dataset has its own trackingId, others have none")
def test_only_action_interactions_have_a_tracking_id(shop):
    described = {name: shop.control.describe_dataset(datasetArn=arn)["dataset"] for name, arn in shop.datasets.items()}

    assert [name for name, one in described.items() if "trackingId" in one] == ["ActionInteractions"]
    assert described["ActionInteractions"]["datasetArn"].endswith("/ACTION_INTERACTIONS")


@pytest.mark.honours("PutActionInteractions", "accepted with the dataset's trackingId; each eventId is stored once")
def test_action_interactions_are_kept_once(shop):
    events = shop.events

    def stored():
        return shop.engine.metric("personalize_events_duplicate_total")

    before = stored()
    request = {"trackingId": shop.tracking_id, "actionInteractions": [interaction(eventId="a", userId="u")]}
    events.put_action_interactions(**request)
    events.put_action_interactions(**request)

    assert stored() == before + 1


@pytest.mark.honours("PutActionInteractions", "an unknown trackingId, or that of an event tracker, is not found")
@pytest.mark.honours("PutActionInteractions", "limits of the list, the properties and each event are checked")
@pytest.mark.parametrize(
    ("interactions", "message"),
    [
        ([interaction() for _ in range(11)], "actionInteractions has 11 members"),
        (
            [interaction(properties='{"device": 7}')],
            "actionInteractions[0].properties: column DEVICE must hold strings",
        ),
        ([interaction(properties='{"userId": "u"}')], "may not hold the keyword userId"),
        ([interaction(), interaction(impression=["é" * 256] * 25)], "actionInteractions[1] has"),
        ([interaction(actionId="ACTION_ID")], "actionInteractions[0].actionId holds the reserved keyword ACTION_ID"),
        ([interaction(userId="a\0b")], "actionInteractions[0].userId has a control character"),
        ([interaction(timestamp=-1)], "actionInteractions[0].timestamp must be positive epoch seconds"),
    ],
)
def test_a_bad_action_interaction_is_refused_with_the_reason(shop, interactions, message):
    put = shop.events.put_action_interactions

    code, found = refusal(put, trackingId=shop.tracking_id, actionInteractions=interactions)

    assert code == "InvalidInputException"
    assert message in found
    assert outcome(put, trackingId="nobody", actionInteractions=[interaction()]) == "ResourceNotFoundException"


@pytest.mark.honours("PutActions", "properties are checked against the schema, names in camel case")
def test_actions_are_checked_against_the_schema(shop):
    put, actions = shop.events.put_actions, shop.datasets["Actions"]

    put(
        datasetArn=actions,
        actions=[{"actionId": "join", "properties": json.dumps({"value": 7, "channel": "web|mail"})}],
    )

    wrong = refusal(put, datasetArn=actions, actions=[{"actionId": "join", "properties": '{"value": "much"}'}])
    other = refusal(put, datasetArn=shop.datasets["Items"], actions=[{"actionId": "join"}])
    many = refusal(put, datasetArn=actions, actions=[{"actionId": f"a{n}"} for n in range(11)])
    assert "column VALUE must hold values of type long" in wrong[1]
    assert "must be of an ACTIONS dataset" in other[1]
    assert "actions has 11 members" in many[1]


@pytest.mark.honours("CreateDatasetImportJob", "actions and action interactions, with their own columns and limits")
def test_actions_and_action_interactions_are_imported(shop):
    actions = "ACTION_ID,VALUE,CHANNEL\n" + "".join(f"a{n},{n % 10},web\n" for n in range(1001))
    events = "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP,DEVICE\n" + f"u,a1,Taken,{START},phone\nu,a2,Not taken,{START},\n"

    too_many = shop.load("Actions", shop.s3.put("data", "streamed/a.csv", actions), "many-actions", may_fail=True)
    few = shop.load("Actions", shop.s3.put("data", "streamed/b.csv", actions[:200].rpartition("\n")[0]), "actions")
    done = shop.load("ActionInteractions", shop.s3.put("data", "streamed/c.csv", events), "events")

    assert "actions; a dataset may have 1000" in too_many["failureReason"]
    assert few["status"] == done["status"] == "ACTIVE"


@pytest.mark.honours("PutActions", "actions beyond 1,000 in the dataset are LimitExceededException")
@pytest.mark.honours("CreateDatasetImportJob", "imported and streamed actions together are 1,000 at most")
def test_a_dataset_has_a_thousand_actions_however_they_came(engine, s3):
    shop = Shop(engine, s3, account="888888888813", schemas={"Actions": avro_schema("Actions", FIELDS["Actions"])})
    put, actions = shop.events.put_actions, shop.datasets["Actions"]
    rows = [f"a{number},1,web\n" for number in range(999)]

    def load(job, *lines, mode="FULL"):
        text = "ACTION_ID,VALUE,CHANNEL\n" + "".join(lines)
        return shop.load("Actions", shop.s3.put("data", f"streamed/{job}.csv", text), job, mode, may_fail=True)

    assert load("most", *rows)["status"] == "ACTIVE"
    put(datasetArn=actions, actions=[{"actionId": "last"}, {"actionId": "a7"}])

    refused = refusal(put, datasetArn=actions, actions=[{"actionId": "last"}, {"actionId": "one-more"}])
    added = load("added", "one-more,1,web\n", mode="INCREMENTAL")
    replaced = load("replaced", *rows, "one-more,1,web\n")
    again = load("again", *rows, "last,1,web\n")

    assert refused == ("LimitExceededException", "a dataset may have 1000 actions; with this call it would have 1001")
    assert "there are 1001 actions; a dataset may have 1000" in added["failureReason"]
    assert "there are 1001 actions; a dataset may have 1000" in replaced["failureReason"]
    assert again["status"] == "ACTIVE"
    put(datasetArn=actions, actions=[{"actionId": "a8"}])


@pytest.fixture(scope="module")
def typed_shop(engine, s3):
    """A shop whose interactions have metadata."""
    own = [
        {"name": "DEVICE", "type": ["string", "null"], "categorical": True},
        {"name": "SCROLL_DEPTH", "type": ["float", "null"]},
    ]
    schema = avro_schema("Interactions", [*SCHEMA_FIELDS["Interactions"], *own])
    made = Shop(engine, s3, account="888888888804", schemas={"Interactions": schema})
    made.track()
    return made


@pytest.mark.honours("PutEvents", "properties of the schema's columns are checked, with names in camel case")
@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"device": 5}, "column DEVICE must hold strings"),
        ({"device": "x" * 1001}, "column DEVICE has a value of 1001 characters"),
        ({"scrollDepth": "deep"}, "column SCROLL_DEPTH must hold values of type float"),
        ({"device": "ITEM_ID"}, "holds the reserved keyword ITEM_ID"),
    ],
)
def test_a_property_that_does_not_fit_its_column_is_refused(typed_shop, properties, message):
    fitting = {"device": "phone", "scrollDepth": 0.5, "unknown": [1]}

    code, found = refusal(put_events, typed_shop, event("i", properties=json.dumps(properties)))
    put_events(typed_shop, event("i", properties=json.dumps(fitting)))

    assert code == "InvalidInputException"
    assert message in found


@pytest.mark.honours("CreateDatasetImportJob", "event types and metadata columns of interactions are ten together")
def test_too_many_event_types_fail_the_import(typed_shop):
    header = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE,SCROLL_DEPTH\n"
    nine = header + "".join(f"u,i,{START + n},kind-{n},,phone,0.5\n" for n in range(9))

    refused = typed_shop.load(
        "Interactions", typed_shop.s3.put("data", "streamed/nine.csv", nine), "nine", may_fail=True
    )
    done = typed_shop.load(
        "Interactions", typed_shop.s3.put("data", "streamed/eight.csv", nine.rpartition("u,i")[0]), "eight"
    )

    assert "there are 9 event types and 2 metadata columns; together there may be 10" in refused["failureReason"]
    assert done["status"] == "ACTIVE"


@pytest.mark.honours("PutEvents", "acknowledged events survive a kill after a checkpoint")
def test_a_start_after_a_checkpoint_and_a_kill_finds_every_event(own_engine, s3):
    shop = Shop(own_engine, s3)
    shop.track()
    # Large events, so that the log is soon long enough for a checkpoint.
    large = event(impression=["x" * 256] * 25, properties='{"a": 1}')

    def put(number):
        several = [{**large, "eventId": f"{number}-{part}", "itemId": f"i-{number}-{part}"} for part in range(10)]
        put_events(shop, *several, session=f"s{number}")

    sent = 0
    while not list(own_engine.directory.glob("groups/*/checkpoint.npz")):
        put(sent)
        sent += 1
        assert sent < 2000, "there is no checkpoint"
    for number in range(sent, sent + 5):
        put(number)
    own_engine.kill()
    own_engine.start()

    assert own_engine.metric("personalize_events_stored", dataset_group="shop") == 10 * (sent + 5)
    for number in (0, sent - 1, sent + 4):
        put(number)
    assert own_engine.metric("personalize_events_duplicate_total") == 30
