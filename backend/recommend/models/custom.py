"""The custom model: a SageMaker endpoint that answers in the form of Personalize's runtime, from a user's history."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.recommend.calls import CallFailedError, finish, start
from backend.recommend.history import find_events
from backend.recommend.recommender import Recommendation, items_of, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from backend.aws.deadline import Deadline
    from backend.recommend.lookup import Tables
    from backend.recommend.requests import RecommendationRequest

HISTORY_ITEMS = 100
"""The latest events of the user that the model gets."""


@dataclass(frozen=True, slots=True)
class CustomModel:
    """The endpoint's client, and the tables with the user's history.

    Attributes
    ----------
    client
        Makes the client of SageMaker's runtime, which is made for the first request that names the model.
    """

    client: Callable[[], Any]
    dynamodb: DynamoDBClient
    tables: Tables

    def get_recommendation(self, request: RecommendationRequest, arn: str, deadline: Deadline) -> Recommendation:
        """Return the answer of an endpoint.

        Raises
        ------
        CallFailedError
            Where it gives no whole answer by the deadline.
        """
        entries = finish(start(lambda: self._invoke(request, arn)), deadline)
        if entries == []:
            raise CallFailedError("EmptyAnswer")
        return Recommendation(items_of(entries), None, name_of(arn), request.requested_results)

    def _invoke(self, request: RecommendationRequest, arn: str) -> Any:
        asked: dict[str, Any] = {
            "userId": request.user_id,
            "history": self._read_history(request.user_id),
            "itemId": request.item_id,
            "inputList": list(request.items),
            "numResults": request.requested_results,
        }
        answered = self.client().invoke_endpoint(
            EndpointName=name_of(arn),
            ContentType="application/json",
            Accept="application/json",
            Body=json.dumps({name: value for name, value in asked.items() if value}),
        )
        return json.loads(answered["Body"].read()).get("itemList")

    def _read_history(self, user_id: str | None) -> list[str]:
        if user_id is None:
            return []
        events = find_events(user_id, HISTORY_ITEMS, self.dynamodb, self.tables) or []
        return list(dict.fromkeys(event["item_id"] for event in events))
