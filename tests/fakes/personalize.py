"""Personalize's services in memory, with the limits that AWS documents and faults on request."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.session import get_session
from botocore.validate import validate_parameters

from tests.fakes.faults import Faults, client_error, played

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html and .../limits.html
MAX_EVENTS = 10
MAX_EVENT_BYTES = 10 * 1024
MAX_PROPERTIES_CHARACTERS = 1024
MAX_IMPRESSION = 25
MAX_ID_CHARACTERS = 256
MAX_RECOMMENDATION_ID_CHARACTERS = 40
FORBIDDEN_PROPERTIES = {"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"}
MAX_RESULTS = 500
MAX_RESULTS_WITH_METADATA = 50


# boto3 refuses a request that does not fit it before it is sent.
_PUT_EVENTS: Any = get_session().get_service_model("personalize-events").operation_model("PutEvents").input_shape


def invalid(message: str) -> Exception:
    return client_error("InvalidInputException", 400, message=message)


class FakeTracker:
    """personalize-events: refuses a whole call for one bad event, keeps an event id once, as Personalize does."""

    def __init__(self, tracking_id: str = "tracker-1") -> None:
        self.tracking_id = tracking_id
        self.faults = Faults()
        # Events that the tracker refuses for a reason of its own.
        self.refused: set[str] = set()
        # Events with which every call ends in a server error, or in the error of the event.
        self.breaking: set[str] = set()
        self.errors: dict[str, Exception] = {}
        # Runs at the beginning of every call.
        self.before_each: Callable[[], None] = lambda: None
        # The accepted calls: (user id, session id, events).
        self.calls: list[tuple[str | None, str, list[dict[str, Any]]]] = []
        self._lock = threading.Lock()

    def put_events(
        self, *, trackingId: str, sessionId: str, eventList: list[dict[str, Any]], userId: str | None = None
    ) -> dict[str, Any]:
        self.before_each()
        answer: dict[str, Any] = self.faults.play(lambda: self._accept(trackingId, sessionId, eventList, userId))
        return answer

    def _accept(
        self, tracking_id: str, session_id: str, events: list[dict[str, Any]], user_id: str | None
    ) -> dict[str, Any]:
        request = {"trackingId": tracking_id, "sessionId": session_id, "eventList": events, "userId": user_id}
        validate_parameters({name: value for name, value in request.items() if value is not None}, _PUT_EVENTS)
        if tracking_id != self.tracking_id:
            raise invalid("the tracking ID is not valid")
        if not 1 <= len(events) <= MAX_EVENTS:
            raise invalid(f"1 to {MAX_EVENTS} events, not {len(events)}")
        for name, value in (("sessionId", session_id), ("userId", user_id)):
            if value is not None and not 1 <= len(value) <= MAX_ID_CHARACTERS:
                raise invalid(f"{name} has 1 to {MAX_ID_CHARACTERS} characters")
        for event in events:
            self._check(event)
        with self._lock:
            self.calls.append((user_id, session_id, events))
        return {}

    @property
    def received(self) -> list[dict[str, Any]]:
        """Every event in the order of arrival, each event id once."""
        seen: dict[str, dict[str, Any]] = {}
        for _, _, events in self.calls:
            for event in events:
                seen.setdefault(event["eventId"], event)
        return list(seen.values())

    def _check(self, event: dict[str, Any]) -> None:
        if event["eventId"] in self.breaking:
            raise client_error("InternalFailure", 500)
        if event["eventId"] in self.errors:
            raise self.errors[event["eventId"]]
        if event["eventId"] in self.refused:
            # As AWS's own checks do, it repeats the value that it refuses.
            raise invalid(f"refused by script: {event}")
        if len(json.dumps(event, default=str)) > MAX_EVENT_BYTES:
            raise invalid("event larger than 10 KB")
        if "sentAt" not in event or "eventType" not in event:
            raise invalid("eventType and sentAt are required")
        if len(event.get("recommendationId", "")) > MAX_RECOMMENDATION_ID_CHARACTERS:
            raise invalid("recommendationId too long")
        if not 1 <= len(event.get("impression", ["item"])) <= MAX_IMPRESSION:
            raise invalid("impression has 1 to 25 items")
        properties = event.get("properties", "{}")
        if len(properties) > MAX_PROPERTIES_CHARACTERS:
            raise invalid("properties too long")
        if FORBIDDEN_PROPERTIES & {name.lower() for name in json.loads(properties)}:
            raise invalid("a forbidden property")


class FakeRuntime:
    """personalize-runtime: answers every campaign with one ranking."""

    def __init__(self, ranking: list[str]) -> None:
        self.ranking = ranking
        self.reasons: list[str] = []
        # The metadata columns and the text of each; a request for another column is refused.
        self.columns: dict[str, str] = {}
        self.faults = Faults()
        # Campaigns that do not exist yet.
        self.missing: set[str] = set()
        # The items that pass every filter.
        self.passing: set[str] = set()
        self.asked: list[dict[str, Any]] = []
        self.meta = SimpleNamespace(endpoint_url="https://personalize-runtime.eu-central-1.amazonaws.com")

    def get_recommendations(
        self,
        *,
        campaignArn: str,
        numResults: int = 25,
        userId: str | None = None,
        itemId: str | None = None,
        metadataColumns: dict[str, list[str]] | None = None,
        filterArn: str | None = None,
        filterValues: dict[str, str] | None = None,
        context: dict[str, str] | None = None,
        promotions: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        columns = (metadataColumns or {}).get("ITEMS", [])
        self._enter(campaignArn, numResults=numResults, userId=userId, itemId=itemId, columns=columns)
        self.asked[-1] |= {"context": context} if context else {}
        ranking = self._filtered(self.ranking, filterArn, filterValues)
        most = MAX_RESULTS_WITH_METADATA if columns else MAX_RESULTS
        if not 0 <= numResults <= most:
            raise invalid(f"numResults is at most {most}")
        for column in columns:
            if column not in self.columns:
                raise invalid(f"there is no column {column}")
        answer = self._answer("itemList", ranking[:numResults])
        for promotion in promotions or []:
            self.asked[-1] |= {"promotion": promotion}
            for listed in answer["itemList"][: numResults * promotion["percentPromotedItems"] // 100]:
                listed["promotionName"] = promotion["name"]
        if columns:
            for listed in answer["itemList"]:
                listed["metadata"] = {column: self.columns[column] for column in columns}
        return answer

    def get_personalized_ranking(
        self,
        *,
        campaignArn: str,
        userId: str,
        inputList: list[str],
        filterArn: str | None = None,
        filterValues: dict[str, str] | None = None,
        context: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        self._enter(campaignArn, inputList=inputList, userId=userId)
        self.asked[-1] |= {"context": context} if context else {}
        if not 1 <= len(inputList) <= MAX_RESULTS:
            raise invalid(f"inputList has 1 to {MAX_RESULTS} items")
        return self._answer(
            "personalizedRanking", sorted(self._filtered(inputList, filterArn, filterValues), key=self._rank)
        )

    def _enter(self, campaign: str, **asked: Any) -> None:
        self.asked.append({"campaignArn": campaign, **asked})
        self.faults.happen()
        if campaign in self.missing:
            raise client_error("ResourceNotFoundException", 404, message=f"no campaign {campaign}")

    def _filtered(self, items: list[str], arn: str | None, values: dict[str, str] | None) -> list[str]:
        if arn is None:
            return items
        self.asked[-1] |= {"filterArn": arn, "filterValues": values}
        if arn in self.missing:
            raise client_error("ResourceNotFoundException", 404, message=f"no filter {arn}")
        return [item for item in items if item in self.passing]

    def _rank(self, item: str) -> int:
        return self.ranking.index(item) if item in self.ranking else len(self.ranking)

    def _answer(self, name: str, items: list[str]) -> dict[str, Any]:
        listed = [{"itemId": item, "score": 1 / (n + 1), "reason": self.reasons} for n, item in enumerate(items)]
        return {name: listed, "recommendationId": f"RID-{len(self.asked)}"}


METRICS = {"coverage": 0.5, "normalized_discounted_cumulative_gain_at_25": 0.1}


class FakeControl:
    """personalize: the solutions of one data set group with their versions, and the campaigns that serve some."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.calls: list[str] = []
        self.solutions: dict[str, list[dict[str, Any]]] = {}
        # The version that each campaign serves, by the campaign's ARN.
        self.serving: dict[str, str] = {}

    def add(self, solution: str, version: str, at: datetime, status: str = "ACTIVE") -> str:
        """Add a version of a solution and return its ARN."""
        arn = f"{_solution_arn(solution)}/{version}"
        described = {"solutionVersionArn": arn, "status": status, "creationDateTime": at}
        self.solutions.setdefault(solution, []).append(described)
        return arn

    @played
    def list_solutions(self, *, datasetGroupArn: str, maxResults: int) -> dict[str, Any]:
        self.calls.append("list_solutions")
        if not self.solutions:
            raise _not_found(datasetGroupArn)
        names = list(self.solutions)[:maxResults]
        return {
            "solutions": [
                {
                    "name": name,
                    "solutionArn": _solution_arn(name),
                    "recipeArn": f"arn:aws:personalize:::recipe/aws-{name}",
                }
                for name in names
            ]
        }

    @played
    def list_solution_versions(self, *, solutionArn: str, maxResults: int) -> dict[str, Any]:
        self.calls.append("list_solution_versions")
        return {"solutionVersions": self.solutions[solutionArn.rpartition("/")[2]][:maxResults]}

    @played
    def get_solution_metrics(self, *, solutionVersionArn: str) -> dict[str, Any]:
        self.calls.append("get_solution_metrics")
        (version,) = (
            each
            for versions in self.solutions.values()
            for each in versions
            if each["solutionVersionArn"] == solutionVersionArn
        )
        if version["status"] != "ACTIVE":
            raise client_error("ResourceInUseException", 400)
        return {"solutionVersionArn": solutionVersionArn, "metrics": dict(METRICS)}

    @played
    def describe_campaign(self, *, campaignArn: str) -> dict[str, Any]:
        self.calls.append("describe_campaign")
        if campaignArn not in self.serving:
            raise _not_found(campaignArn)
        name = campaignArn.rpartition("/")[2]
        return {"campaign": {"name": name, "solutionVersionArn": self.serving[campaignArn]}}


_RECIPE = "arn:aws:personalize:::recipe"


def _solution_arn(name: str) -> str:
    return f"arn:aws:personalize:eu-central-1:000000000000:solution/{name}"


def _not_found(arn: str) -> Exception:
    return client_error("ResourceNotFoundException", 400, message=f"{arn} does not exist")
