"""Where the engine does otherwise than Amazon on purpose, and no other test says so."""

from __future__ import annotations

import pytest

from tests.contract.engine.calls import create, ids, refusal, send
from tests.contract.engine.running_engine import ROLE

KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"


@pytest.mark.honours("CreateDatasetGroup", "a role is for a key only; a key may come without one")
@pytest.mark.differs("CreateDatasetGroup", "kmsKeyArn is accepted and described, and encrypts nothing")
def test_a_key_is_described(engine):
    control = engine.client(account="826000000001")

    code, message = refusal(control.create_dataset_group, name="locked", roleArn=ROLE)
    with_role = create(control, "dataset_group", name="locked", kmsKeyArn=KEY, roleArn=ROLE)
    without = create(control, "dataset_group", name="without-role", kmsKeyArn=KEY)

    assert (code, "kmsKeyArn" in message) == ("InvalidInputException", True)
    assert (with_role["kmsKeyArn"], with_role["roleArn"]) == (KEY, ROLE)
    assert without["kmsKeyArn"] == KEY


@pytest.mark.differs("PutItems", "more than ten calls per second are accepted: request rates are not limited")
def test_more_calls_a_second_than_amazon_takes(new_shop):
    for place in range(40):
        new_shop.put_item(f"item-{place}", category="shelf", price=float(place), creationTimestamp=1_760_000_000)


@pytest.mark.differs(
    "GetRecommendations", "similar items include streamed events at once; Amazon's wait for a training"
)
def test_similar_items_learn_from_the_next_events(new_shop):
    new_shop.fill()
    new_shop.track()
    new_shop.deploy("similar", "aws-similar-items")
    before = ids(new_shop.recommend("similar", itemId="item-2-2", numResults=15))

    for user in range(40):
        send(new_shop, f"new-{user}", ["item-2-2", "item-9-9"], session=f"new-{user}")

    after = ids(new_shop.recommend("similar", itemId="item-2-2", numResults=15))
    assert "item-9-9" not in before[:3]
    assert "item-9-9" in after[:3]
