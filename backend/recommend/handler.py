"""Lambda entry of the serving API: one route per kind of request."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.http import Answer, Request, answer, routes
from backend.recommend import requests
from backend.recommend.filters import PublishedFilters
from backend.recommend.health import check_health
from backend.recommend.lookup import Tables
from backend.recommend.readers import check_reader
from backend.recommend.recommender import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from backend.recommend.serve import RecommendDependencies, serve
from backend.recommend.served_lists import ServedLists

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A slower table is not waited for; the answer is given without it.
TABLE_TIMEOUT_SECONDS = 0.3
# A write that an answer no longer waits for keeps its thread until then.
FIREHOSE_TIMEOUT_SECONDS = 0.3


@cache
def _dependencies() -> RecommendDependencies:
    recommender = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS, read_timeout=READ_TIMEOUT_SECONDS, retries={"total_max_attempts": 1}
    )
    tables = Config(
        connect_timeout=TABLE_TIMEOUT_SECONDS,
        read_timeout=TABLE_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    firehose = Config(
        connect_timeout=FIREHOSE_TIMEOUT_SECONDS,
        read_timeout=FIREHOSE_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1},
    )
    served_lists = ServedLists(boto3.client("firehose", config=firehose), os.environ["SERVED_LISTS_STREAM"])
    served_lists.open_connection()
    return RecommendDependencies(
        dynamodb=boto3.client("dynamodb", config=tables),
        runtime=boto3.client("personalize-runtime", config=recommender),
        tables=Tables(os.environ["HISTORY_TABLE"], os.environ["ENTITIES_TABLE"], os.environ["ANSWERS_TABLE"]),
        campaigns={
            "recommendations": os.environ["USER_PERSONALIZATION_CAMPAIGN_ARN"],
            "similar-items": os.environ["SIMILAR_ITEMS_CAMPAIGN_ARN"],
            "popular": os.environ["POPULAR_CAMPAIGN_ARN"],
            "rerank": os.environ["RANKING_CAMPAIGN_ARN"],
        },
        deployed=frozenset(os.environ["DEPLOYED_CAMPAIGNS"].split(",")),
        filters=PublishedFilters(
            boto3.client("ssm", config=tables), os.environ["FILTERS_PARAMETER"], clock=time.monotonic
        ),
        served_lists=served_lists,
    )


@cache
def _demonstration_users() -> frozenset[str]:
    return frozenset(os.environ.get("DEMONSTRATION_USERS", "").split())


def _answers(read: Callable[[Request], requests.RecommendationRequest]) -> Callable[[Request], Answer]:
    def answer_request(request: Request) -> Answer:
        asked = read(request)
        check_reader(asked, request.caller, _demonstration_users())
        answered = serve(asked, _dependencies(), _now(), request.request_id)
        _metrics.add_metric(f"answered_from_{answered.body['source']}", MetricUnit.Count, 1)
        _metrics.add_metric("answers", MetricUnit.Count, 1)
        _metrics.add_metric("list_written" if answered.is_listed else "list_lost", MetricUnit.Count, 1)
        _metrics.flush_metrics()
        return answer(200, answered.body)

    return answer_request


def _health(_request: Request) -> Answer:
    return answer(200, check_health(_dependencies(), _now()))


def _now() -> int:
    return time.time_ns() // 1_000_000


_metrics = Metrics()
_route = routes(
    {
        ("GET", "/recommendations/{user_id}"): _answers(requests.read_recommendations),
        ("GET", "/similar-items/{item_id}"): _answers(requests.read_similar_items),
        ("GET", "/popular"): _answers(requests.read_popular),
        ("POST", "/rerank"): _answers(requests.read_rerank),
        ("GET", "/health"): _health,
    }
)


def handler(event: Mapping[str, Any], context: object) -> Answer:
    """Answer a REST Lambda proxy event."""
    return _route(event, context)
