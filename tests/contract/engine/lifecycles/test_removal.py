"""deployment.remove on an engine with two environments: all of one is removed in order, and nothing of the other."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from deployment.remove.personalize import Group, TrainingRunsError, existing, remove, stop_trainings
from tests.contract.engine.running_engine import RunningEngine
from tests.contract.engine.shops import Shop
from tests.factories.shop_stream import interactions_csv, schema_text, shop_rows

POLL_SECONDS = 0.02
IN_ORDER = ["campaigns", "solutions", "filters", "event trackers", "datasets", "dataset groups", "schemas"]


class InterruptionError(Exception):
    """The command is interrupted."""


class Steps:
    """Records the titles and notes of steps, and interrupts after one of them."""

    def __init__(self, interrupted: str | None = None) -> None:
        self.titles: list[str] = []
        self.notes: list[str] = []
        self._interrupted = interrupted

    def show(self, done=None, total=None, note=None) -> None:
        self.notes.append(note)

    @contextmanager
    def __call__(self, title):
        self.titles.append(title.removeprefix("Remove "))
        yield self
        if self.titles[-1] == self._interrupted:
            raise InterruptionError


@pytest.fixture(scope="module")
def environments(tmp_path_factory, s3):
    """Two environments as the training workflow creates them, with a filter each and schemas of other names."""
    folder = tmp_path_factory.mktemp("removal") / "state"
    running = RunningEngine(folder, s3.url)
    shops = {name: make_environment(running, s3, name) for name in ("rivulet-dev", "rivulet-production")}
    running.stop()
    # From now on trainings and deletions take some time.
    slow = RunningEngine(folder, s3.url, pace="slow")
    for shop in shops.values():
        shop.engine = slow
    yield shops
    slow.stop()


def make_environment(engine, s3, name):
    shop = Shop(engine, s3, name=name)
    shop.add_dataset("users-0a1b2c3d", schema_text("Users"), "Users")
    data = s3.put("data", "interactions.csv", interactions_csv(shop_rows()))
    shop.load("Interactions", data, f"interactions-{name}")
    shop.track()
    shop.add_filter(f"{name}-unseen", 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("View")')
    shop.deploy(f"{name}-popular", "aws-popularity-count")
    return shop


def found(shop):
    return dict(existing(Group(shop.control, shop.name)))


def test_a_training_is_refused_or_stopped_and_all_of_one_environment_is_removed(environments):
    shop, other = environments["rivulet-dev"], environments["rivulet-production"]
    group, before = Group(shop.control, shop.name), found(other)
    assert list(before) == IN_ORDER
    solution = found(shop)["solutions"][0].arn
    version = shop.control.create_solution_version(solutionArn=solution)["solutionVersionArn"]

    with pytest.raises(TrainingRunsError, match=r"rivulet-dev-popular/.+--stop-training"):
        stop_trainings(group, Steps(), is_requested=False)
    assert list(found(shop)) == IN_ORDER
    stop_trainings(group, Steps(), is_requested=True, poll_seconds=POLL_SECONDS)
    described = shop.control.describe_solution_version(solutionVersionArn=version)
    assert described["solutionVersion"]["status"] == "CREATE STOPPED"

    steps = Steps(interrupted="solutions")
    with pytest.raises(InterruptionError):
        remove(group, steps, poll_seconds=POLL_SECONDS)
    assert list(found(shop)) == IN_ORDER[2:]
    rest = Steps()
    remove(group, rest, poll_seconds=POLL_SECONDS)
    assert [*steps.titles, *rest.titles] == IN_ORDER
    assert found(shop) == {}
    remove(group, Steps(interrupted="anything"), poll_seconds=POLL_SECONDS)

    assert found(other) == before
    schemas = [schema["name"] for schema in shop.control.list_schemas()["schemas"]]
    assert "rivulet-dev-Items" in schemas, "a schema with another name is of another owner"


def test_a_resource_in_use_is_tried_again_and_the_reason_is_shown(environments):
    shop = environments["rivulet-production"]
    campaign = found(shop)["campaigns"][0].arn
    shop.control.update_campaign(campaignArn=campaign, minProvisionedTPS=2)
    steps = Steps()

    remove(Group(shop.control, shop.name), steps, ("campaign",), POLL_SECONDS)

    assert any("being created, updated or deleted" in note for note in steps.notes)
    assert list(found(shop)) == IN_ORDER[1:]
