"""Published flows of domain dataset groups: recommenders of shops and of video services."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contract.engine.calls import ids
from tests.contract.engine.flows.notebook import RECIPE, Notebook
from tests.factories.domain_shop import domain_interactions_csv, domain_items_csv, domain_schema


@pytest.mark.parametrize(
    ("domain", "recipe", "hiding"),
    [
        ("ECOMMERCE", "aws-ecomm-recommended-for-you", "Purchase"),
        ("VIDEO_ON_DEMAND", "aws-vod-top-picks", "Watch"),
    ],
)
def test_a_recommender_answers_and_hides_what_was_bought_or_watched(flow_engine, s3, domain, recipe, hiding):
    account = "830000000002" if domain == "ECOMMERCE" else "830000000003"
    notebook = Notebook(flow_engine, s3, account, domain.lower().replace("_", "-"), domain)
    for name, text in (("Interactions", domain_interactions_csv(domain)), ("Items", domain_items_csv(domain))):
        notebook.add_dataset(name, domain_schema(domain, name), text)
    tracking_id = notebook.add_tracker()
    made = notebook.control.create_recommender(
        name="for-you", datasetGroupArn=notebook.group, recipeArn=f"{RECIPE}/{recipe}"
    )
    metrics = notebook.poll("recommender", made)["modelMetrics"]
    asked = {"recommenderArn": made["recommenderArn"], "userId": "user-1", "numResults": 5}

    first = ids(notebook.runtime.get_recommendations(**asked))[0]
    bought = {"eventType": hiding, "itemId": first, "sentAt": datetime.now(UTC)}
    notebook.events.put_events(trackingId=tracking_id, userId="user-1", sessionId="visit", eventList=[bought])
    after = ids(notebook.runtime.get_recommendations(**asked))

    assert metrics
    assert len(after) == 5
    assert first not in after
    notebook.take_down()
