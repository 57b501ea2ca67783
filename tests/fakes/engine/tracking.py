"""An engine with one dataset group, as far as PutEvents and the pages for operators need it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from model.engine.monitoring.metrics import Counts
from model.engine.personalize.arns import Caller
from model.engine.serving.served_lists import ServedLists

if TYPE_CHECKING:
    from model.engine.storage.dataset_group import DatasetGroup

CALLER = Caller("123456789012", "eu-west-1")
GROUP = CALLER.arn("dataset-group/shop")
TRACKING_ID = "t"


def tracking_engine(group: DatasetGroup) -> Any:
    """Return an engine whose event tracker stores into a dataset group, which no campaign serves."""
    return cast(
        "Any",
        SimpleNamespace(
            counts=Counts(),
            groups={GROUP: group},
            group_of_tracker={TRACKING_ID: GROUP},
            settings=SimpleNamespace(keys={}),
            schema_text=lambda group, kind: None,
            served=SimpleNamespace(update_models=lambda *names, **options: None),
            served_lists=ServedLists(),
            attributions={GROUP: None},
        ),
    )
