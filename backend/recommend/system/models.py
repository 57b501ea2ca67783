"""The models of the environment, read from the recommender's control plane and kept for a minute."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backend.contract.instants import write_instant
from backend.http import UnavailableError
from backend.recommend.calls import CallFailedError, finish, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from mypy_boto3_personalize import PersonalizeClient

    from backend.aws.deadline import Deadline

FRESH_SECONDS = 60
RETRY_AFTER_SECONDS = 5

VERSIONS_OF_SOLUTION = 3
"""The latest ones, besides the one that serves; each takes a call for its metrics."""

# https://docs.aws.amazon.com/personalize/latest/dg/API_ListSolutions.html
MAX_LISTED = 100

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Models:
    """The solutions of a data set group with their latest versions.

    Attributes
    ----------
    client
        With timeouts below that of a request, and without retries.
    campaign_arns
        Those that the environment has.
    """

    client: PersonalizeClient
    dataset_group_arn: str
    campaign_arns: tuple[str, ...]
    clock: Callable[[], float]
    _models: list[dict[str, Any]] | None = field(default=None, init=False)
    _read_at: float = field(default=0.0, init=False)

    def read(self, deadline: Deadline) -> list[dict[str, Any]]:
        """Return the models by solution, of each the latest version first.

        Raises
        ------
        UnavailableError
            Where the recommender gives no whole answer by the deadline, and this process has no earlier one.
        """
        if self._models is not None and self.clock() - self._read_at < FRESH_SECONDS:
            return self._models
        try:
            self._models = self._read(deadline)
        except CallFailedError as error:
            _logger.warning("models cannot be read: %s", error)
            if self._models is None:
                raise UnavailableError(RETRY_AFTER_SECONDS, f"the recommender does not answer ({error})") from error
        self._read_at = self.clock()
        return self._models

    def _read(self, deadline: Deadline) -> list[dict[str, Any]]:
        campaigns = [start(self._serving_of(arn)) for arn in self.campaign_arns]
        solutions = _finish_found(start(self._solutions), deadline) or []
        serving = dict(found for started in campaigns if (found := _finish_found(started, deadline)))
        listed = [(solution, start(self._versions_of(solution["solutionArn"]))) for solution in solutions]
        shown = [
            (solution, version)
            for solution, started in listed
            for version in _choose(_finish_found(started, deadline) or [], serving)
        ]
        metrics = [start(self._metrics_of(version)) for _, version in shown]
        return [
            _model_of(solution, version, finish(started, deadline), serving)
            for (solution, version), started in zip(shown, metrics, strict=True)
        ]

    def _solutions(self) -> list[Any]:
        answered = self.client.list_solutions(datasetGroupArn=self.dataset_group_arn, maxResults=MAX_LISTED)
        return sorted(answered["solutions"], key=lambda solution: solution["name"])

    def _serving_of(self, campaign_arn: str) -> Callable[[], tuple[str, str]]:
        """Return a call for the ARN of the version that a campaign serves, and the campaign's name."""

        def describe() -> tuple[str, str]:
            campaign = self.client.describe_campaign(campaignArn=campaign_arn)["campaign"]
            return campaign["solutionVersionArn"], campaign["name"]

        return describe

    def _versions_of(self, solution_arn: str) -> Callable[[], list[Any]]:
        return lambda: self.client.list_solution_versions(solutionArn=solution_arn, maxResults=MAX_LISTED)[
            "solutionVersions"
        ]

    def _metrics_of(self, version: dict[str, Any]) -> Callable[[], dict[str, float]]:
        """Return a call for the metrics of a version, which has none until it is trained."""

        def get() -> dict[str, float]:
            if version["status"] != "ACTIVE":
                return {}
            return self.client.get_solution_metrics(solutionVersionArn=version["solutionVersionArn"])["metrics"]

        return get


def _finish_found(started: Future[Any], deadline: Deadline) -> Any:
    """Return the result of a call, or None where its resource does not exist, as before the first training."""
    try:
        return finish(started, deadline)
    except CallFailedError as error:
        if str(error) == "ResourceNotFoundException":
            return None
        raise


def _choose(versions: Iterable[dict[str, Any]], serving: dict[str, str]) -> list[dict[str, Any]]:
    """Return the latest versions, the latest first, with the one that serves."""
    ordered = sorted(versions, key=lambda version: version["creationDateTime"], reverse=True)
    return [
        version
        for place, version in enumerate(ordered)
        if place < VERSIONS_OF_SOLUTION or version["solutionVersionArn"] in serving
    ]


def _model_of(
    solution: dict[str, Any], version: dict[str, Any], metrics: dict[str, float], serving: dict[str, str]
) -> dict[str, Any]:
    arn = version["solutionVersionArn"]
    campaign = {"campaign": serving[arn]} if arn in serving else {}
    return {
        "solution": solution["name"],
        "recipe": solution["recipeArn"].rpartition("/")[2],
        "version": arn.rpartition("/")[2],
        "status": version["status"],
        "created_at": write_instant(version["creationDateTime"]),
        "metrics": metrics,
        "serves": arn in serving,
        **campaign,
    }
