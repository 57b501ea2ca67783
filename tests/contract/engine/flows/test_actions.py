"""The published flow of the next best action."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from tests.contract.engine.flows.notebook import Notebook
from tests.factories.avro import avro_schema
from tests.factories.shop_stream import interactions_csv, schema_text, shop_rows

NOW = int(time.time())
# How many of ten users take each action.
TAKEN_OF_TEN = {"subscribe": 8, "join": 3, "review": 1}
FIELDS: dict[str, list[dict[str, Any]]] = {
    "Actions": [{"name": "ACTION_ID", "type": "string"}, {"name": "VALUE", "type": ["long", "null"]}],
    "ActionInteractions": [
        *({"name": name, "type": "string"} for name in ("USER_ID", "ACTION_ID", "EVENT_TYPE")),
        {"name": "TIMESTAMP", "type": "long"},
    ],
}


def action_interactions_csv():
    lines = ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"]
    for user in range(400):
        for place, (name, taken) in enumerate(TAKEN_OF_TEN.items()):
            kind = "TAKEN" if (user * 7 + place * 3) % 10 < taken else "NOT_TAKEN"
            lines.append(f"asked-{user},{name},{kind},{NOW - 86_400 + user * 60 + place}")
    return "\n".join(lines) + "\n"


def test_the_next_best_action(flow_engine, s3):
    notebook = Notebook(flow_engine, s3, "830000000004", "actions")
    notebook.add_dataset("Interactions", schema_text("Interactions"), interactions_csv(shop_rows()))
    actions = "ACTION_ID,VALUE\n" + "".join(f"{name},{value}\n" for name, value in TAKEN_OF_TEN.items())
    notebook.add_dataset("Actions", avro_schema("Actions", FIELDS["Actions"]), actions)
    of_users = notebook.add_dataset(
        "ActionInteractions",
        avro_schema("ActionInteractions", FIELDS["ActionInteractions"]),
        action_interactions_csv(),
        "Action_Interactions",
    )
    campaign = notebook.deploy("next", "aws-next-best-action")
    asked = {"campaignArn": campaign, "userId": "newcomer", "numResults": 3}

    first = notebook.runtime.get_action_recommendations(**asked)["actionList"]
    tracking_id = notebook.control.describe_dataset(datasetArn=of_users)["dataset"]["trackingId"]
    taken = {"actionId": "subscribe", "userId": "newcomer", "sessionId": "s", "timestamp": datetime.now(UTC)}
    notebook.events.put_action_interactions(
        trackingId=tracking_id, actionInteractions=[{**taken, "eventType": "TAKEN"}]
    )

    assert first[0]["actionId"] == "subscribe"
    assert notebook.runtime.get_action_recommendations(**asked)["actionList"]
    notebook.take_down()
