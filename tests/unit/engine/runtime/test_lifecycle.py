"""The statuses that a resource passes, each as it is stored."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest

from model.engine.configuration.settings import PACES
from model.engine.personalize.errors import InvalidInputError, ServiceUnavailableError
from model.engine.runtime import lifecycle
from model.engine.runtime.lifecycle import Lifecycles
from model.engine.storage.control_plane.kinds import (
    CAMPAIGN,
    DATASET,
    FILTER,
    CampaignInternals,
    DatasetInternals,
    FilterInternals,
)
from model.engine.storage.control_plane.resources import UPDATE_PENDING, Resource, Resources


class StoredStatuses(Resources):
    """Resources that record the status of a dataset, and of its update, whenever it is stored."""

    def __init__(self, path):
        super().__init__(path)
        self.statuses = []

    def save(self, resource):
        super().save(resource)
        self.statuses.append((resource.status, resource.latest_update["status"]))


async def fail():
    raise InvalidInputError("no such column")


@pytest.mark.parametrize(("work", "end"), [(None, "ACTIVE"), (fail, "CREATE FAILED")])
def test_the_update_of_a_dataset_shows_in_its_status_and_ends_active(tmp_path, work, end):
    resources = StoredStatuses(tmp_path / "control.sqlite")
    dataset = Resource("arn:1", DATASET, {"status": UPDATE_PENDING}, DatasetInternals(parts=[]))
    dataset.begin_update(schemaArn="arn:2")
    resources.add(dataset)

    async def update():
        lifecycles = Lifecycles(resources, PACES["compressed"])
        lifecycles.create(dataset, work, DATASET.update_member)
        await lifecycles.finish_brief()

    asyncio.run(update())

    assert resources.statuses == [("UPDATE IN_PROGRESS", "CREATE IN_PROGRESS"), ("ACTIVE", end)]
    resources.close()


@pytest.fixture
def campaign(tmp_path):
    """Resources with a campaign, and the function that fills and frees their disk."""
    resources = Resources(tmp_path / "control.sqlite")
    made = Resource("arn:1", CAMPAIGN, {"status": "CREATE PENDING"}, CampaignInternals(version="v", solution="s"))
    resources.add(made)
    yield resources, made
    resources.close()


def fill_disk(resources, *, is_full):
    """Limit the database to the pages that it has, as a full disk does, or not."""
    pages = resources._database.execute("PRAGMA page_count").fetchone()[0] if is_full else 2**30
    resources._database.execute(f"PRAGMA max_page_count = {pages}")


def test_a_change_that_the_disk_refuses_is_undone_in_memory(campaign):
    resources, made = campaign
    fill_disk(resources, is_full=True)

    made.document["status"], made.internals.next_version = "ACTIVE", "w" * 10_000
    with pytest.raises(ServiceUnavailableError, match="send it again"):
        resources.save(made)
    with pytest.raises(ServiceUnavailableError):
        resources.add(Resource("arn:2", CAMPAIGN, {"name": "n" * 10_000}, made.internals))

    assert (made.status, made.internals.next_version) == ("CREATE PENDING", "")
    assert "arn:2" not in resources
    fill_disk(resources, is_full=False)
    made.document["status"] = "ACTIVE"
    resources.save(made)
    resources.remove(made)
    assert not resources.all()


class FullDisk(Resources):
    """Resources on a disk that refuses the next changes, as many as `refusals`."""

    refusals = 0

    @contextmanager
    def _transaction(self):
        if self.refusals:
            self.refusals -= 1
            raise ServiceUnavailableError("full")
        with super()._transaction():
            yield


def test_a_life_cycle_waits_until_the_disk_takes_its_states(tmp_path, monkeypatch):
    monkeypatch.setattr(lifecycle, "RETRY_SECONDS", 0.0)
    resources = FullDisk(tmp_path / "control.sqlite")
    made = Resource("arn:1", FILTER, {"status": "CREATE PENDING"}, FilterInternals(fields=[]))
    resources.add(made)

    async def create_and_delete():
        lifecycles = Lifecycles(resources, PACES["instant"])
        resources.refusals = 3
        lifecycles.create(made)
        await lifecycles.finish_brief()
        created = made.status
        resources.refusals = 3
        lifecycles.delete(made)
        await lifecycles.finish_brief()
        return created

    assert asyncio.run(create_and_delete()) == "ACTIVE"
    assert resources.refusals == 0
    assert not resources.all()
    resources.close()
