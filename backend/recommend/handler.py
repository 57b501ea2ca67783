"""Lambda entry of the serving API: one route per kind of request."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from backend.aws.deadline import Deadline
from backend.http import Answer, Request, answer, routes
from backend.recommend import requests
from backend.recommend.calls import REQUEST_SECONDS, WORKERS
from backend.recommend.catalogue.categories import list_categories
from backend.recommend.catalogue.products import list_products, read_product
from backend.recommend.catalogue.requests import read_products_request
from backend.recommend.executions.progress import read_execution
from backend.recommend.executions.start import start_execution
from backend.recommend.executions.state_machine import VisitorsWorkflow
from backend.recommend.filters import PublishedFilters
from backend.recommend.health import check_health
from backend.recommend.history import read_history, read_history_request
from backend.recommend.lookup import Tables
from backend.recommend.models.custom import CustomModel
from backend.recommend.readers import check_reader
from backend.recommend.recommender import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS
from backend.recommend.requests.context import derive_context
from backend.recommend.requests.fields import read_id, refuse_unknown
from backend.recommend.serve import Answered, RecommendDependencies, serve
from backend.recommend.served_lists import ServedLists
from backend.recommend.system.info import describe_system
from backend.recommend.system.models import Models
from backend.recommend.visitors.fact_lists import FactLists
from backend.recommend.visitors.serving import serve_visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A slower table is not waited for; the answer is given without it.
TABLE_TIMEOUT_SECONDS = 0.3
# Each of two attempts, within the deadline of the request.
STATES_TIMEOUT_SECONDS = 0.8
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
    dynamodb = boto3.client("dynamodb", config=tables)
    names = Tables(os.environ["HISTORY_TABLE"], os.environ["ENTITIES_TABLE"], os.environ["ANSWERS_TABLE"])
    return RecommendDependencies(
        dynamodb=dynamodb,
        runtime=boto3.client("personalize-runtime", config=recommender),
        tables=names,
        campaigns={
            "recommendations": os.environ["USER_PERSONALIZATION_CAMPAIGN_ARN"],
            "similar-items": os.environ["SIMILAR_ITEMS_CAMPAIGN_ARN"],
            "popular": os.environ["POPULAR_CAMPAIGN_ARN"],
            "rerank": os.environ["RANKING_CAMPAIGN_ARN"],
        },
        models=json.loads(os.environ["MODELS"]),
        custom_model=CustomModel(cache(lambda: boto3.client("sagemaker-runtime", config=recommender)), dynamodb, names),
        deployed=frozenset(os.environ["DEPLOYED_CAMPAIGNS"].split(",")) - {"none"},
        filters=PublishedFilters(
            boto3.client("ssm", config=tables), os.environ["FILTERS_PARAMETER"], clock=time.monotonic
        ),
        served_lists=served_lists,
        fact_lists=FactLists(
            cache(lambda: boto3.client("s3", config=tables)), os.environ["DATASETS_BUCKET"], clock=time.monotonic
        ),
    )


@cache
def _models() -> Models:
    # Made at the first request, since the first recommendation should not wait for a client that few need.
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1},
        max_pool_connections=WORKERS,
    )
    used = _dependencies()
    return Models(
        boto3.client("personalize", config=config),
        os.environ["DATASET_GROUP_ARN"],
        tuple(sorted(used.deployed)),
        clock=time.monotonic,
    )


@cache
def _workflow() -> VisitorsWorkflow:
    # Made at the first request for an execution, as the models are.
    config = Config(
        connect_timeout=STATES_TIMEOUT_SECONDS,
        read_timeout=STATES_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    return VisitorsWorkflow(
        boto3.client("stepfunctions", config=config),
        os.environ["VISITORS_STATE_MACHINE_ARN"],
        os.environ["VISITORS_CAMPAIGN_ARN"],
    )


@cache
def _demonstration_users() -> frozenset[str]:
    return frozenset(os.environ.get("DEMONSTRATION_USERS", "").split())


def _answers(read: Callable[[Request], requests.RecommendationRequest]) -> Callable[[Request], Answer]:
    def answer_request(request: Request) -> Answer:
        asked = read(request)
        now = _now()
        if asked.derives_context:
            context = derive_context(request.headers, now) | dict(asked.context)
            asked = replace(asked, context=tuple(sorted(context.items())))
        check_reader(asked.reader_id, request.caller, _demonstration_users())
        return _count(serve(asked, _dependencies(), now, request.request_id))

    return answer_request


def _products(request: Request) -> Answer:
    asked = read_products_request(request)
    check_reader(None, request.caller, _demonstration_users())
    used = _dependencies()
    return answer(200, list_products(asked, used.dynamodb, used.tables.entities, Deadline.after(REQUEST_SECONDS)))


def _product(request: Request) -> Answer:
    refuse_unknown(request.query, ())
    item_id = read_id(request.path_parameters["item_id"], "item_id")
    check_reader(None, request.caller, _demonstration_users())
    used = _dependencies()
    return answer(200, read_product(item_id, used.dynamodb, used.tables.entities, Deadline.after(REQUEST_SECONDS)))


def _categories(request: Request) -> Answer:
    refuse_unknown(request.query, ())
    check_reader(None, request.caller, _demonstration_users())
    used = _dependencies()
    return answer(200, list_categories(used.dynamodb, used.tables.entities, Deadline.after(REQUEST_SECONDS)))


def _history(request: Request) -> Answer:
    user_id, count = read_history_request(request)
    check_reader(user_id, request.caller, _demonstration_users())
    used = _dependencies()
    return answer(200, read_history(user_id, count, used.dynamodb, used.tables, Deadline.after(REQUEST_SECONDS)))


def _answer_visitor(request: Request) -> Answer:
    asked = requests.read_visitor(request)
    check_reader(None, request.caller, _demonstration_users())
    if asked.is_async:
        used, workflow = _dependencies(), _workflow()
        return answer(202, start_execution(asked, used, workflow, Deadline.after(REQUEST_SECONDS)))
    return _count(serve_visitor(asked, _dependencies(), _now(), request.request_id))


def _execution(request: Request) -> Answer:
    refuse_unknown(request.query, ())
    check_reader(None, request.caller, _demonstration_users())
    used, workflow = _dependencies(), _workflow()
    execution_id, deadline = request.path_parameters["id"], Deadline.after(REQUEST_SECONDS)
    read = read_execution(execution_id, used, workflow, _now(), deadline)
    return answer(200, read.body) if read.answered is None else _count(read.answered, read.body)


def _count(answered: Answered, body: Mapping[str, Any] | None = None) -> Answer:
    """Count an answer, by its source, and its served list, by whether it was written.

    Parameters
    ----------
    body
        The body that has the answer, where it is a part of one.
    """
    _metrics.add_metric(f"answered_from_{answered.body['source']}", MetricUnit.Count, 1)
    _metrics.add_metric("answers", MetricUnit.Count, 1)
    _metrics.add_metric("list_written" if answered.is_listed else "list_lost", MetricUnit.Count, 1)
    _metrics.flush_metrics()
    return answer(200, answered.body if body is None else body)


def _read_models(request: Request) -> Answer:
    refuse_unknown(request.query, ())
    return answer(200, {"models": _models().read(Deadline.after(REQUEST_SECONDS))})


def _describe_system(request: Request) -> Answer:
    refuse_unknown(request.query, ())
    return answer(200, describe_system(os.environ, _dependencies().runtime.meta.endpoint_url))


def _health(_request: Request) -> Answer:
    return answer(200, check_health(_dependencies(), _now()))


def _now() -> int:
    return time.time_ns() // 1_000_000


_metrics = Metrics()
_route = routes(
    {
        ("GET", "/recommendations/{user_id}"): _answers(requests.read_recommendations),
        ("POST", "/recommendations"): _answer_visitor,
        ("GET", "/executions/{id}"): _execution,
        ("GET", "/similar-items/{item_id}"): _answers(requests.read_similar_items),
        ("GET", "/popular"): _answers(requests.read_popular),
        ("POST", "/rerank"): _answers(requests.read_rerank),
        ("GET", "/products"): _products,
        ("GET", "/products/{item_id}"): _product,
        ("GET", "/categories"): _categories,
        ("GET", "/users/{user_id}/history"): _history,
        ("GET", "/models"): _read_models,
        ("GET", "/system-info"): _describe_system,
        ("GET", "/health"): _health,
    }
)


def handler(event: Mapping[str, Any], context: object) -> Answer:
    """Answer a REST Lambda proxy event."""
    return _route(event, context)
