"""Every operation there is, done by Amazon's SDK for JavaScript, which knows nothing of botocore."""

from __future__ import annotations

import time
from typing import Any

import pytest

from model.engine.http.wire import operations
from tests.contract.engine.clients.programs import CLIENTS, drive
from tests.factories.avro import avro_schema
from tests.factories.domain_shop import domain_interactions_csv, domain_items_csv, domain_schema
from tests.factories.shop_stream import SCHEMA_FIELDS, interactions_csv, items_csv, schema_text, shop_rows

ACCOUNT = "810000000004"
NOW = int(time.time())
TEXT, OPTIONAL = {"type": "string"}, {"type": ["string", "null"], "categorical": True}
FIELDS: dict[str, list[Any]] = {
    "Users2": [*SCHEMA_FIELDS["Users"], {"name": "CITY", **OPTIONAL}],
    "Actions": [{"name": "ACTION_ID", **TEXT}, {"name": "CHANNEL", **OPTIONAL}],
    "ActionInteractions": [
        *({"name": name, **TEXT} for name in ("USER_ID", "ACTION_ID", "EVENT_TYPE")),
        {"name": "TIMESTAMP", "type": "long"},
    ],
}


def asked(users=400):
    """Return who took which action, and who did not, as a CSV."""
    lines = ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"]
    for user in range(users):
        for place, action in enumerate(("join", "review", "subscribe")):
            kind = "Taken" if (user + place) % 3 else "Not Taken"
            lines.append(f"user-{user},{action},{kind},{NOW - 86_400 + user * 60 + place}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def schemas(s3, tmp_path_factory):
    """A folder of schemas; the data lie in S3."""
    folder = tmp_path_factory.mktemp("every")
    texts = {name: schema_text(name) for name in SCHEMA_FIELDS}
    texts |= {name: avro_schema(name.rstrip("2"), fields) for name, fields in FIELDS.items()}
    texts |= {f"Domain{name}": domain_schema("ECOMMERCE", name) for name in ("Interactions", "Items")}
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(text)
    files = {
        "Interactions.csv": interactions_csv(shop_rows()),
        "Items.csv": items_csv(),
        "Users.csv": "USER_ID,AGE_GROUP\nuser-1,18-24\nuser-2,65+\n",
        "Actions.csv": "ACTION_ID,CHANNEL\njoin,web\nreview,mail\nsubscribe,web\n",
        "ActionInteractions.csv": asked(),
        "DomainInteractions.csv": domain_interactions_csv("ECOMMERCE"),
        "DomainItems.csv": domain_items_csv("ECOMMERCE"),
        "users.json": '{"userId": "user-1"}\n',
        "items.json": '{"itemId": "item-3-3"}\n',
        "gone.csv": "USER_ID\nuser-9\n",
    }
    for name, text in files.items():
        s3.put("data", f"every/{name}", text)
    return folder


def shows_every_operation(test):
    for operation in operations():
        test = pytest.mark.honours(operation, "called by the SDK for JavaScript")(test)
    return test


@shows_every_operation
def test_the_sdk_for_javascript_does_all_79_operations(engine, schemas):
    printed = drive(engine, ACCOUNT, ("node", str(CLIENTS / "every.mjs")), schemas, "s3://data/every")

    assert set(printed.splitlines()) == set(operations())
