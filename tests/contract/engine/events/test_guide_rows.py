"""Events and rows in the forms that the developer guide shows, with other data; exports show what was stored.

Source: developer guide, "Recording item interaction events" and its pages, "Importing items individually",
"Importing users individually", "Importing actions individually", "Recording action interaction events".
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.contract.engine.calls import MOMENT, event, export, put_events, refusal, rows_of
from tests.contract.engine.shops import Shop
from tests.factories.avro import avro_schema

SECONDS = int(MOMENT.timestamp())
NULLABLE = {"type": ["string", "null"]}
FIELDS: dict[str, list[dict[str, Any]]] = {
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
RECOMMENDATION = "RID-12345678-1234-1234-1234-abcdefgh"
numbers = itertools.count()


def event_of(kind, item=None, *, properties=None, **members):
    properties_text = {"properties": json.dumps(properties)} if properties else {}
    return event(item, eventType=kind, **properties_text, **members)


# What the example shows, its events, and columns of the rows that they become.
EVENT_EXAMPLES: list[tuple[str, list[dict[str, Any]], list[dict[str, str]]]] = [
    (
        "one event becomes one row of the Interactions dataset",
        [event_of("borrow", "atlas")],
        [{"ITEM_ID": "atlas", "TIMESTAMP": str(SECONDS), "EVENT_TYPE": "borrow"}],
    ),
    (
        "several events in a call; itemId and eventValue as members or in the properties, the members first",
        [
            event_of("like", eventId="1", properties={"itemId": "novel", "eventValue": 4}),
            event_of("rate", eventId="2", properties={"itemId": "poems", "eventValue": 2.5}),
            event_of("rate", "diary", eventId="3", eventValue=1.0, properties={"itemId": "other"}),
        ],
        [
            {"ITEM_ID": "novel", "EVENT_VALUE": "4.0"},
            {"ITEM_ID": "poems", "EVENT_VALUE": "2.5"},
            {"ITEM_ID": "diary", "EVENT_VALUE": "1.0"},
        ],
    ),
    (
        "impression, recommendationId and eventAttributionSource of an event are stored",
        [
            event_of(
                "borrow",
                "atlas",
                recommendationId=RECOMMENDATION,
                impression=["atlas", "novel", "poems"],
                metricAttribution={"eventAttributionSource": "newsletter"},
            )
        ],
        [
            {
                "IMPRESSION": "atlas|novel|poems",
                "RECOMMENDATION_ID": RECOMMENDATION,
                "EVENT_ATTRIBUTION_SOURCE": "newsletter",
            }
        ],
    ),
    (
        "properties in camel case are stored in the columns of the schema",
        [event_of("borrow", "atlas", properties={"readingDevice": "tablet", "unheardOf": 1})],
        [{"READING_DEVICE": "tablet"}],
    ),
]


@pytest.fixture(scope="module")
def library(engine, s3):
    """A dataset group with a dataset of every type, for streamed data only."""
    schemas = {name: avro_schema(name, fields) for name, fields in FIELDS.items()}
    of_interactions = schemas.pop("ActionInteractions")
    shop = Shop(engine, s3, account="822000000001", name="library", schemas=schemas)
    shop.add_dataset("ActionInteractions", of_interactions, "Action_Interactions")
    shop.track()
    return shop


def stored(library, dataset, **columns):
    """Return the rows of a dataset that have the given values."""
    job = f"library-{next(numbers)}"
    export(library, dataset, job, ingestionMode="PUT")
    return [row for row in rows_of(library, job) if columns.items() <= row.items()]


@pytest.mark.parametrize(
    ("events", "rows"),
    [
        pytest.param(events, rows, marks=pytest.mark.honours("PutEvents", statement), id=statement)
        for statement, events, rows in EVENT_EXAMPLES
    ],
)
def test_events_become_these_rows(library, events, rows):
    user = f"user-{next(numbers)}"

    put_events(library, *events, user=user, session=f"visit-{user}")

    found = {row["ITEM_ID"]: row for row in stored(library, "Interactions", USER_ID=user)}
    assert len(found) == len(rows)
    for row in rows:
        assert row.items() <= found[row.get("ITEM_ID", "atlas")].items()


@pytest.mark.honours("PutEvents", "itemId and eventValue in the properties are checked like the members")
@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"itemId": 7}, "eventList[0].properties.itemId must be a string of 1 to 256 characters"),
        ({"itemId": "i" * 257}, "eventList[0].properties.itemId must be a string of 1 to 256 characters"),
        ({"itemId": "novel", "eventValue": "true"}, "eventList[0].properties.eventValue must be a number"),
    ],
)
def test_itemid_and_eventvalue_in_the_properties_are_checked(library, properties, message):
    refused = refusal(put_events, library, event_of("like", properties=properties), user="mallory")

    assert refused.code == "InvalidInputException"
    assert message in refused.message
    assert stored(library, "Interactions", USER_ID="mallory") == []


@pytest.mark.honours("PutItems", "several items in a call, with columns as properties in camel case")
def test_items(library):
    columns = {"genres": "Travel|Maps", "pageCount": 320, "creationTimestamp": SECONDS}
    items = [{"itemId": name, "properties": json.dumps(columns)} for name in ("atlas", "globe")]

    library.events.put_items(datasetArn=library.datasets["Items"], items=items)

    rows = stored(library, "Items", GENRES="Travel|Maps", PAGE_COUNT="320", CREATION_TIMESTAMP=str(SECONDS))
    assert {row["ITEM_ID"] for row in rows} == {"atlas", "globe"}


@pytest.mark.honours("PutUsers", "several users in a call, with some or all columns as properties in camel case")
def test_users(library):
    users = [
        {"userId": "ada", "properties": json.dumps({"age": 36, "membershipStatus": "patron"})},
        {"userId": "bob", "properties": json.dumps({"membershipStatus": "guest"})},
    ]

    library.events.put_users(datasetArn=library.datasets["Users"], users=users)

    rows = {row["USER_ID"]: (row["AGE"], row["MEMBERSHIP_STATUS"]) for row in stored(library, "Users")}
    assert rows == {"ada": ("36", "patron"), "bob": ("", "guest")}


@pytest.mark.honours("PutActions", "several actions in a call, with columns as properties in camel case")
@pytest.mark.honours("PutActionInteractions", "Taken, Not Taken and Viewed events are accepted")
def test_actions_and_what_users_did_with_them(library):
    actions = [
        {"actionId": "renew-card", "properties": json.dumps({"value": 5, "channel": "mail"})},
        {"actionId": "join-club"},
    ]
    library.events.put_actions(datasetArn=library.datasets["Actions"], actions=actions)
    dataset = library.control.describe_dataset(datasetArn=library.datasets["ActionInteractions"])["dataset"]
    tracking_id = dataset["trackingId"]
    seen = [("Taken", "renew-card"), ("Not Taken", "join-club"), ("Viewed", "join-club")]

    library.events.put_action_interactions(
        trackingId=tracking_id,
        actionInteractions=[
            {"actionId": action, "eventType": kind, "userId": "ada", "sessionId": "desk", "timestamp": MOMENT}
            for kind, action in seen
        ],
    )

    # Actions and action interactions cannot be exported.
    refused = refusal(library.events.put_actions, datasetArn=library.datasets["Items"], actions=actions)
    assert "ACTIONS" in refused.message
