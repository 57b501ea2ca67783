"""Requests for recommendations: what they may state, and how they are read."""

from backend.recommend.requests.reading import (
    CHOSEN_ITEMS,
    FACTS,
    FIRST_PAGE,
    INTERESTS,
    MAX_INTERESTS,
    MAX_RERANKED_ITEMS,
    read_popular,
    read_recommendations,
    read_rerank,
    read_similar_items,
    read_visitor,
)
from backend.recommend.requests.request import (
    MAX_RESULTS,
    Page,
    Promotion,
    RecommendationRequest,
    RequestKind,
    VisitorRequest,
)

__all__ = [
    "CHOSEN_ITEMS",
    "FACTS",
    "FIRST_PAGE",
    "INTERESTS",
    "MAX_INTERESTS",
    "MAX_RERANKED_ITEMS",
    "MAX_RESULTS",
    "Page",
    "Promotion",
    "RecommendationRequest",
    "RequestKind",
    "VisitorRequest",
    "read_popular",
    "read_recommendations",
    "read_rerank",
    "read_similar_items",
    "read_visitor",
]
