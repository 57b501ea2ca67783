"""Events and rows in the forms that the developer guide shows, in words and with data of our own.

Source: developer guide, "Recording item interaction events" and its pages, "Importing items individually",
"Importing users individually", "Importing actions individually", "Recording action interaction events". What was kept
is read from exports of what was streamed.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from tests.contract.engine.running_engine import ROLE, until_settled

ACCOUNT = "822000000001"
MOMENT = 1_760_000_000
NULLABLE = {"type": ["string", "null"]}
FIELDS = {
    "Interactions": [
        *({"name": name, "type": "string"} for name in ("USER_ID", "ITEM_ID", "EVENT_TYPE")),
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_VALUE", "type": ["float", "null"]},
        *({"name": name, **NULLABLE} for name in ("IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE")),
        {"name": "READING_DEVICE", **NULLABLE, "categorical": True},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", **NULLABLE, "categorical": True},
        {"name": "PAGE_COUNT", "type": ["int", "null"]},
        {"name": "CREATION_TIMESTAMP", "type": "long"},
    ],
    "Users": [
        {"name": "USER_ID", "type": "string"},
        {"name": "AGE", "type": ["int", "null"]},
        {"name": "MEMBERSHIP_STATUS", **NULLABLE, "categorical": True},
    ],
    "Actions": [
        {"name": "ACTION_ID", "type": "string"},
        {"name": "VALUE", "type": ["long", "null"]},
        {"name": "CHANNEL", **NULLABLE, "categorical": True},
    ],
    "ActionInteractions": [
        *({"name": name, "type": "string"} for name in ("USER_ID", "ACTION_ID", "EVENT_TYPE")),
        {"name": "TIMESTAMP", "type": "long"},
    ],
}
TYPES = {"ActionInteractions": "Action_Interactions"}
numbers = itertools.count()


class Library:
    """A dataset group for all that can be streamed."""

    def __init__(self, engine, s3):
        self.control, self.s3 = engine.client(account=ACCOUNT), s3
        self.events = engine.client("personalize-events", ACCOUNT)
        self.group = self.control.create_dataset_group(name="library")["datasetGroupArn"]
        until_settled(lambda: self.control.describe_dataset_group(datasetGroupArn=self.group))
        self.datasets = {name: self.add(name, fields) for name, fields in FIELDS.items()}
        made = self.control.create_event_tracker(name="library", datasetGroupArn=self.group)
        until_settled(lambda: self.control.describe_event_tracker(eventTrackerArn=made["eventTrackerArn"]))
        self.tracking_id = made["trackingId"]
        actions = self.control.describe_dataset(datasetArn=self.datasets["ActionInteractions"])["dataset"]
        self.action_tracking_id = actions["trackingId"]

    def add(self, name, fields):
        named = {"type": "record", "name": name, "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
        schema = self.control.create_schema(name=f"library-{name}", schema=json.dumps({**named, "fields": fields}))
        arn = self.control.create_dataset(
            name=name,
            schemaArn=schema["schemaArn"],
            datasetGroupArn=self.group,
            datasetType=TYPES.get(name, name),
        )["datasetArn"]
        until_settled(lambda: self.control.describe_dataset(datasetArn=arn))
        return str(arn)

    def put(self, user, *events, session="visit"):
        self.events.put_events(
            trackingId=self.tracking_id, userId=user, sessionId=f"{session}-{user}", eventList=list(events)
        )

    def kept(self, dataset, **wanted):
        """Return the rows that were streamed to a dataset and have what is wanted."""
        job = f"kept-{next(numbers)}"
        self.s3.put("data", "kept/.keep", "")
        arn = self.control.create_dataset_export_job(
            jobName=job,
            datasetArn=self.datasets[dataset],
            roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": "s3://data/kept/"}},
        )["datasetExportJobArn"]
        until_settled(lambda: self.control.describe_dataset_export_job(datasetExportJobArn=arn))
        rows = csv.DictReader(io.StringIO(self.s3.get("data", f"kept/{job}.csv")))
        return [row for row in rows if wanted.items() <= row.items()]


@pytest.fixture(scope="module")
def library(engine, s3):
    return Library(engine, s3)


def event(kind, item=None, **members):
    moment = datetime.fromtimestamp(MOMENT, UTC)
    return {"eventType": kind, "sentAt": moment, **({"itemId": item} if item else {}), **members}


@pytest.mark.honours("PutEvents", "one event becomes one row of the Interactions dataset")
def test_one_event(library):
    library.put("ada", event("borrow", "atlas"))

    (row,) = library.kept("Interactions", USER_ID="ada")
    assert (row["ITEM_ID"], row["TIMESTAMP"], row["EVENT_TYPE"]) == ("atlas", str(MOMENT), "borrow")


@pytest.mark.honours(
    "PutEvents", "several events with values, item and value among the properties as the guide has them"
)
def test_events_with_item_and_value_among_the_properties(library):
    library.put(
        "bob",
        event("like", eventId="1", properties=json.dumps({"itemId": "novel", "eventValue": 4})),
        event("rate", eventId="2", properties=json.dumps({"itemId": "poems", "eventValue": 2.5})),
        event("rate", "diary", eventId="3", eventValue=1.0, properties=json.dumps({"itemId": "other"})),
    )

    rows = {row["ITEM_ID"]: float(row["EVENT_VALUE"]) for row in library.kept("Interactions", USER_ID="bob")}
    assert rows == {"novel": 4.0, "poems": 2.5, "diary": 1.0}


@pytest.mark.honours("PutEvents", "item and value among the properties are checked as the members are")
@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"itemId": 7}, "eventList[0].properties.itemId must be a string of 1 to 256 characters"),
        ({"itemId": "i" * 257}, "eventList[0].properties.itemId must be a string of 1 to 256 characters"),
        ({"itemId": "novel", "eventValue": "true"}, "eventList[0].properties.eventValue must be a number"),
    ],
)
def test_bad_items_and_values_among_the_properties(library, properties, message):
    with pytest.raises(ClientError, match="InvalidInputException") as caught:
        library.put("mallory", event("like", properties=json.dumps(properties)))

    assert message in str(caught.value)
    assert library.kept("Interactions", USER_ID="mallory") == []


@pytest.mark.honours("PutEvents", "what was shown, the recommendation and the source of an event are kept")
def test_an_event_with_impressions_and_its_source(library):
    library.put(
        "cleo",
        event(
            "borrow",
            "atlas",
            recommendationId="RID-12345678-1234-1234-1234-abcdefgh",
            impression=["atlas", "novel", "poems"],
            metricAttribution={"eventAttributionSource": "newsletter"},
        ),
    )

    (row,) = library.kept("Interactions", USER_ID="cleo")
    assert row["IMPRESSION"] == "atlas|novel|poems"
    assert row["RECOMMENDATION_ID"] == "RID-12345678-1234-1234-1234-abcdefgh"
    assert row["EVENT_ATTRIBUTION_SOURCE"] == "newsletter"


@pytest.mark.honours("PutEvents", "properties in camel case become the columns of the schema")
def test_an_event_with_columns_of_ones_own(library):
    library.put("dora", event("borrow", "atlas", properties=json.dumps({"readingDevice": "tablet", "unheardOf": 1})))

    (row,) = library.kept("Interactions", USER_ID="dora")
    assert row["READING_DEVICE"] == "tablet"


@pytest.mark.honours("PutEvents", "events before a log-in become the user's once both come in one session")
def test_events_before_a_log_in(library):
    session = {"trackingId": library.tracking_id, "sessionId": "walk-in"}
    library.events.put_events(**session, eventList=[event("look", "novel")])
    library.events.put_events(**session, userId="emil", eventList=[event("look", "poems")])

    assert {row["ITEM_ID"] for row in library.kept("Interactions", USER_ID="emil")} == {"novel", "poems"}


@pytest.mark.honours("PutItems", "several items, their columns as properties in camel case")
def test_items(library):
    columns = {"genres": "Travel|Maps", "pageCount": 320, "creationTimestamp": MOMENT}
    items = [{"itemId": name, "properties": json.dumps(columns)} for name in ("atlas", "globe")]

    library.events.put_items(datasetArn=library.datasets["Items"], items=items)

    rows = library.kept("Items", GENRES="Travel|Maps", PAGE_COUNT="320", CREATION_TIMESTAMP=str(MOMENT))
    assert {row["ITEM_ID"] for row in rows} == {"atlas", "globe"}


@pytest.mark.honours("PutUsers", "several users, their columns as properties in camel case, also without some")
def test_users(library):
    users = [
        {"userId": "ada", "properties": json.dumps({"age": 36, "membershipStatus": "patron"})},
        {"userId": "bob", "properties": json.dumps({"membershipStatus": "guest"})},
    ]

    library.events.put_users(datasetArn=library.datasets["Users"], users=users)

    rows = {row["USER_ID"]: (row["AGE"], row["MEMBERSHIP_STATUS"]) for row in library.kept("Users")}
    assert rows == {"ada": ("36", "patron"), "bob": ("", "guest")}


@pytest.mark.honours("PutActions", "several actions, their columns as properties in camel case")
@pytest.mark.honours("PutActionInteractions", "taken, not taken and viewed, with the tracking id of the dataset")
def test_actions_and_what_users_did_with_them(library):
    actions = [
        {"actionId": "renew-card", "properties": json.dumps({"value": 5, "channel": "mail"})},
        {"actionId": "join-club"},
    ]
    library.events.put_actions(datasetArn=library.datasets["Actions"], actions=actions)
    seen = [("Taken", "renew-card"), ("Not Taken", "join-club"), ("Viewed", "join-club")]

    library.events.put_action_interactions(
        trackingId=library.action_tracking_id,
        actionInteractions=[
            {
                "actionId": action,
                "eventType": kind,
                "userId": "ada",
                "sessionId": "desk",
                "timestamp": datetime.fromtimestamp(MOMENT, UTC),
            }
            for kind, action in seen
        ],
    )

    with pytest.raises(ClientError) as caught:
        library.events.put_actions(datasetArn=library.datasets["Items"], actions=actions)
    assert "ACTIONS" in str(caught.value)
