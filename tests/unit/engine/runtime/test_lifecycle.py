"""The statuses that a resource passes, each as it is stored."""

from __future__ import annotations

import asyncio

import pytest

from model.engine.configuration.settings import PACES
from model.engine.personalize.errors import InvalidInputError
from model.engine.runtime.lifecycle import Lifecycles
from model.engine.storage.control_plane.kinds import DATASET, DatasetInternals
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
