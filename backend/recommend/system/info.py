"""The system's description of itself: which environment and version answers, with which recommender and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from backend.contract import limits
from backend.contract.access.roles import API_VERSION
from backend.recommend.catalogue.requests import MAX_PRODUCTS
from backend.recommend.history import MAX_EVENTS
from backend.recommend.requests import MAX_RERANKED_ITEMS
from backend.recommend.requests.request import MAX_EXPLAINED_RESULTS, MAX_RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

AMAZON_PERSONALIZE, ENGINE = "amazon-personalize", "rivulet-engine"


def describe_system(variables: Mapping[str, str], recommender_url: str) -> dict[str, Any]:
    """Return the description.

    Parameters
    ----------
    variables
        The environment variables of the function.
    recommender_url
        The endpoint at which the function calls the recommender.
    """
    return {
        "project": variables["PROJECT"],
        "environment": variables["ENVIRONMENT"],
        "region": variables["AWS_REGION"],
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
        "release": variables["AWS_LAMBDA_FUNCTION_VERSION"],
        "contract_version": API_VERSION,
        "recommender": _recommender_at(recommender_url),
        "limits": {
            "events_per_request": limits.MAX_EVENTS_PER_REQUEST,
            "items_per_list": MAX_RESULTS,
            "items_per_explained_list": MAX_EXPLAINED_RESULTS,
            "reranked_items": MAX_RERANKED_ITEMS,
            "products_per_page": MAX_PRODUCTS,
            "events_of_history": MAX_EVENTS,
        },
    }


def _recommender_at(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return AMAZON_PERSONALIZE if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) else ENGINE
