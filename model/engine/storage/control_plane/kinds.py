"""The kinds of resources, each with what the engine stores of a resource beside the document that Describe returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from model.engine.personalize.tags import Tag  # noqa: TC001 - msgspec reads the annotation


class Internals(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the engine stores of a resource of any kind; the names of the fields are the keys of the JSON on disk."""

    tags: list[Tag] = []


class DatasetGroupInternals(Internals):
    """Of a dataset group: the name of its directory."""

    id: str


class DatasetInternals(Internals):
    """Of a dataset: its imported parts, oldest first."""

    parts: list[str]


class ImportJobInternals(Internals):
    """Of an import job; `imported` once the dataset has the new part, so that it is not imported twice."""

    region: str
    imported: bool = False


class ExportJobInternals(Internals):
    """Of an export job."""

    region: str


class DataDeletionJobInternals(Internals):
    """Of a data deletion job; `records` counts what its first run deleted."""

    region: str
    records: int = 0


class BatchJobInternals(Internals):
    """Of a batch inference or batch segment job: whose resources it reads."""

    account: str
    region: str


class FilterInternals(Internals):
    """Of a filter: the fields that its expression names."""

    fields: list[str]


class MetricAttributionInternals(Internals):
    """Of a metric attribution: its metrics, as requests state them."""

    metrics: list[dict[str, Any]]


class SolutionInternals(Internals):
    """Of a solution; times in epoch seconds.

    Attributes
    ----------
    automatic_since : float
        When automatic training was switched on.
    skipped_at : float
        When a training was due and skipped; 0 for never.
    later_columns : dict of list of str
        By dataset type, the columns that a schema has gained since; no version learns from them.
    """

    automatic_since: float = 0.0
    skipped_at: float = 0.0
    later_columns: dict[str, list[str]] = {}


class TrainedInternals(Internals):
    """Of what has a trained model.

    Attributes
    ----------
    id : str
        The name of the model's directory.
    trained_at : float
        When the training read its data, in epoch seconds.
    streamed : int
        How many streamed interactions there were then.
    data : list, optional
        Imported parts and counts of streamed interactions of that time, to be compared with later ones.
    excluded : dict of list of str
        By dataset type, the columns that the model does not learn from.
    """

    id: str
    trained_at: float = 0.0
    streamed: int = 0
    data: list[Any] | None = None
    excluded: dict[str, list[str]] = {}
    metrics: dict[str, float] | None = None


class SolutionVersionInternals(TrainedInternals):
    """Of a solution version; settings and tuned hyper-parameters are reused by trainingMode UPDATE."""

    settings: dict[str, Any] | None = None  # numbers and booleans, as the recipe tuned them
    tuned: dict[str, str] | None = None


class RecommenderInternals(TrainedInternals):
    """Of a recommender; `skipped_at` is when a training was due and skipped, in epoch seconds, or 0."""

    skipped_at: float = 0.0


class CampaignInternals(Internals):
    """Of a campaign: the version that answers, its solution, and the version of an update in progress, as ARNs."""

    version: str
    solution: str
    next_version: str = ""


AnyInternals = TypeVar("AnyInternals", bound=Internals)


@dataclass(frozen=True)
class Kind(Generic[AnyInternals]):
    """A kind of resource, named as in ARNs, such as "dataset-group"."""

    name: str
    internals: type[AnyInternals]

    @property
    def label(self) -> str:
        """The name in messages, such as "dataset group"."""
        return self.name.replace("-", " ")

    @property
    def arn_member(self) -> str:
        """The member of requests and documents that holds the ARN, such as datasetGroupArn."""
        first, *rest = self.name.split("-")
        return f"{first}{''.join(part.capitalize() for part in rest)}Arn"

    @property
    def update_member(self) -> str:
        """The member of documents that holds the latest update, such as latestCampaignUpdate."""
        return f"latest{self.name.capitalize()}Update"


SCHEMA = Kind("schema", Internals)
DATASET_GROUP = Kind("dataset-group", DatasetGroupInternals)
DATASET = Kind("dataset", DatasetInternals)
EVENT_TRACKER = Kind("event-tracker", Internals)
IMPORT_JOB = Kind("dataset-import-job", ImportJobInternals)
EXPORT_JOB = Kind("dataset-export-job", ExportJobInternals)
DATA_DELETION_JOB = Kind("data-deletion-job", DataDeletionJobInternals)
FILTER = Kind("filter", FilterInternals)
METRIC_ATTRIBUTION = Kind("metric-attribution", MetricAttributionInternals)
SOLUTION = Kind("solution", SolutionInternals)
SOLUTION_VERSION = Kind("solution-version", SolutionVersionInternals)
CAMPAIGN = Kind("campaign", CampaignInternals)
RECOMMENDER = Kind("recommender", RecommenderInternals)
BATCH_INFERENCE_JOB = Kind("batch-inference-job", BatchJobInternals)
BATCH_SEGMENT_JOB = Kind("batch-segment-job", BatchJobInternals)

# Which need neither a job nor a model, so that their changes take seconds at most.
BRIEF_KINDS: tuple[Kind[Any], ...] = (DATASET_GROUP, DATASET, EVENT_TRACKER, FILTER, METRIC_ATTRIBUTION, SOLUTION)
TRAINED_KINDS: tuple[Kind[Any], ...] = (SOLUTION_VERSION, RECOMMENDER)  # which have a model's directory
BATCH_JOB_KINDS = (BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB)
KINDS: dict[str, Kind[Any]] = {
    kind.name: kind
    for kind in (
        SCHEMA,
        DATASET_GROUP,
        DATASET,
        EVENT_TRACKER,
        IMPORT_JOB,
        EXPORT_JOB,
        DATA_DELETION_JOB,
        FILTER,
        METRIC_ATTRIBUTION,
        SOLUTION,
        SOLUTION_VERSION,
        CAMPAIGN,
        RECOMMENDER,
        BATCH_INFERENCE_JOB,
        BATCH_SEGMENT_JOB,
    )
}
