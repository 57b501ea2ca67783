"""Routes of applications that answer lists of recommended items."""

from __future__ import annotations

from typing import Any

from backend.contract.generators.api import FILTER_VALUES, ID, LABEL, LABELS, Schema, context_schema
from backend.contract.generators.errors import (
    BAD_CHOICE,
    BAD_COUNT,
    GONE,
    NO_ANSWER,
    NO_EXECUTION,
    NO_ITEMS_TO_RANK,
    NO_LIST,
    NO_MODEL,
    NO_PARAMETERS,
    SLOW_DOWN,
    UNKNOWN_CHOICE,
    UNKNOWN_ITEM,
    UNKNOWN_USER,
    UNREAD_EXECUTION,
)
from backend.contract.generators.examples import (
    DESCRIBED_ITEM,
    EXPLAINED_ITEM,
    FAILED_EXECUTION,
    FOR_A_VISITOR,
    POPULAR,
    RANKED,
    RECOMMENDATIONS,
    RERANK,
    RUNNING_EXECUTION,
    SIMILAR_ITEMS,
    STARTED_EXECUTION,
    SUCCEEDED_EXECUTION,
    VISITOR,
)
from backend.contract.generators.routes.parts import answer, body, in_path, in_query, operation, retry


def recommending_paths() -> dict[str, Schema]:
    """Return the paths of lists of recommended items with their operations."""
    return {
        "/recommendations/{user_id}": {"get": _get_recommendations()},
        "/similar-items/{item_id}": {"get": _get_similar_items()},
        "/popular": {"get": _get_popular()},
        "/recommendations": {"post": _post_recommendations()},
        "/executions/{id}": {"get": _get_execution()},
        "/rerank": {"post": _post_rerank()},
    }


def _get_recommendations() -> Schema:
    return _recommendation_operation(
        "getRecommendations",
        "Recommend items to a user",
        [
            in_path("user_id", "The user, or session# and the session id of an anonymous user.", ID, "u-1042"),
            _FALLBACK,
            _model("popular"),
            *_CONTEXT_PARAMETERS,
        ],
        RECOMMENDATIONS,
        answer("The user has neither events nor a description.", "Error", UNKNOWN_USER),
    )


def _get_similar_items() -> Schema:
    return _recommendation_operation(
        "getSimilarItems",
        "Get items similar to an item",
        [in_path("item_id", "The item.", ID, "i-318"), _FILTER_USER, _FALLBACK, _model("similar-items")],
        SIMILAR_ITEMS,
        answer("The item is not in the catalogue.", "Error", UNKNOWN_ITEM),
    )


def _get_popular() -> Schema:
    return _recommendation_operation(
        "getPopular", "Get popular items", [_FILTER_USER, _model("popular")], POPULAR, None
    )


def _recommendation_operation(
    name: str, summary: str, parameters: list[Schema], listed: dict[str, Any], unknown: Schema | None
) -> Schema:
    answers = {
        "200": answer(
            "The items, and the source of the answer.",
            "Recommendations",
            listed,
            explained={**listed, "items": [EXPLAINED_ITEM]},
            described={**listed, "items": [DESCRIBED_ITEM]},
        ),
        "400": answer("A parameter broke its rule.", "Error", BAD_COUNT),
        "410": answer("The answer of which this is a page is no longer stored.", "Error", GONE),
        "503": retry("There is neither an answer nor a fallback.", "Error", NO_ANSWER),
    }
    if unknown:
        answers["404"] = unknown
    return operation(
        name,
        "applications",
        summary,
        "Where the recommender does not answer in time, the fallback is the last good answer, then popular items.",
        parameters=[*parameters, *_RECOMMENDATION_PARAMETERS],
        answers=answers,
    )


def _model(example: str) -> Schema:
    """Return the parameter with the model, of which each route has others."""
    return {
        "name": "model",
        "in": "query",
        "description": "A solution of model/solutions whose campaign answers in place of the route's own, or custom "
        "for the model of a SageMaker endpoint, which takes neither filter, promotion, context nor explain. The name "
        "of its campaign, as GET /models and the model of an answer have it, names it as well.",
        "schema": ID,
        "example": example,
    }


def _values_of(name: str) -> Schema:
    """Return the parameter with the values of the parameters that a filter or a promotion has."""
    return {
        "name": f"{name}_values",
        "in": "query",
        "description": f"Values of the {name}'s parameters, as {name}_values[CATEGORY]=Shoes; repeated for several.",
        "style": "deepObject",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": FILTER_VALUES},
        "example": {"CATEGORY": ["Shoes"]},
    }


_RECOMMENDATION_PARAMETERS: list[Schema] = [
    {
        "name": "num_results",
        "in": "query",
        "description": "Number of items.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
        "example": 10,
    },
    {
        "name": "explain",
        "in": "query",
        "description": "Whether to explain why each item is recommended: its reasons and because. At most 50 items "
        "then. Where the recommender gives no explanations, unexplained has the reason.",
        "schema": {"type": "boolean", "default": False},
        "example": True,
    },
    {
        "name": "filter",
        "in": "query",
        "description": "Name of a filter of model/solutions, which the items of every answer pass, of a fallback too.",
        "schema": ID,
        "example": "category",
    },
    _values_of("filter"),
    {
        "name": "promotion",
        "in": "query",
        "description": "Name of a filter of model/solutions: items that pass it get promotion_percent of the list.",
        "schema": ID,
        "example": "category",
    },
    {
        "name": "promotion_percent",
        "in": "query",
        "description": "The share of the list that is promoted; required with a promotion.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100},
        "example": 20,
    },
    _values_of("promotion"),
    {
        "name": "details",
        "in": "query",
        "description": "Whether to describe each item by its title, category, brand, price, availability and picture. "
        "Where the items cannot be read in time, undescribed has the reason.",
        "schema": {"type": "boolean", "default": False},
        "example": True,
    },
    {
        "name": "page",
        "in": "query",
        "description": "first, for a list of up to 100 items (50 with explanations) in pages of num_results; then the "
        "next_page of each answer.",
        "schema": {"type": "string", "pattern": "^(first|[0-9]{13}-[0-9]{1,3})$"},
        "example": "first",
    },
    *(
        {"name": name, "in": "query", "description": description, "schema": LABEL, "example": example}
        for (name, description), example in zip(LABELS.items(), ("home-top", "control"), strict=True)
    ),
]


_CONTEXT_PARAMETERS: list[Schema] = [
    {
        "name": "context",
        "in": "query",
        "description": "The circumstances of the request by context column, as context[DEVICE]=phone.",
        "style": "deepObject",
        "explode": True,
        "schema": context_schema(),
        "example": {"DEVICE": "phone"},
    },
    {
        "name": "derive_context",
        "in": "query",
        "description": "Whether the request's headers and time give the other context columns; for requests that a "
        "browser sends itself.",
        "schema": {"type": "boolean", "default": False},
        "example": True,
    },
]

_FALLBACK: Schema = {
    "name": "fallback",
    "in": "query",
    "description": "With popular, an unknown user or item is answered with popular items instead of 404.",
    "schema": {"type": "string", "enum": ["popular"]},
    "example": "popular",
}

_FILTER_USER: Schema = {
    "name": "user_id",
    "in": "query",
    "description": "The user whom the filter concerns, such as the buyer of not-bought; only with a filter.",
    "schema": ID,
    "example": "u-1042",
}


def _post_rerank() -> Schema:
    return operation(
        "postRerank",
        "applications",
        "Order items for a user",
        "Returns all the items, or those that pass the filter, the best first.",
        body=body("Rerank", example=RERANK),
        answers={
            "200": answer("The items in order.", "Recommendations", RANKED),
            "400": answer("A field broke its rule.", "Error", NO_ITEMS_TO_RANK),
            "404": answer("The user has neither events nor a description.", "Error", UNKNOWN_USER),
            "503": retry("There is neither an answer nor a fallback.", "Error", NO_ANSWER),
        },
    )


def _post_recommendations() -> Schema:
    return operation(
        "postRecommendations",
        "applications",
        "Recommend items to a visitor",
        "For a user without events or a record, by five chosen items, by stated facts, or by both: the items similar "
        "to each, the popular items of each stated interest, and those of the users who share each other fact, merged "
        "by their ranks. facts names the facts that were used: a value that too few users have has no list. Where "
        "there is no list, the fallback is popular items. Only an execution stores anything about the visitor.",
        parameters=[
            in_query(
                "async",
                "Whether to start an execution instead, which stores the facts and the choice for the user session# "
                "with its own id, and asks the campaign for that user once both have effect, after some seconds.",
                {"type": "boolean", "default": False},
                example=True,
            )
        ],
        body=body("Visitor", example=VISITOR),
        answers={
            "200": answer("The items, and what they were chosen by.", "Recommendations", FOR_A_VISITOR),
            "202": answer("The execution has started, with async=true.", "Execution", STARTED_EXECUTION),
            "400": answer("A field broke its rule.", "Error", BAD_CHOICE),
            "404": answer("A chosen item is not in the catalogue.", "Error", UNKNOWN_CHOICE),
            "429": retry("Too many executions are started at once, with async=true.", "Error", SLOW_DOWN),
            "503": retry(
                "There is neither a list nor a fallback; with async=true, no model is deployed, or the execution "
                "could not be started.",
                "Error",
                NO_LIST,
                no_model=NO_MODEL,
            ),
        },
    )


def _get_execution() -> Schema:
    return operation(
        "getExecution",
        "applications",
        "Get the state of an execution",
        "That of POST /recommendations?async=true, for 90 days. Events with its id as the session_id go on as the same "
        "visitor.",
        parameters=[
            in_path(
                "id",
                "The execution's id.",
                {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,80}$"},
                STARTED_EXECUTION["execution_id"],
            )
        ],
        answers={
            "200": answer(
                "The state, and of one that succeeded the items.",
                "Execution",
                RUNNING_EXECUTION,
                succeeded=SUCCEEDED_EXECUTION,
                failed=FAILED_EXECUTION,
            ),
            "400": answer("A parameter is unknown.", "Error", NO_PARAMETERS),
            "404": answer("The id names no execution.", "Error", NO_EXECUTION),
            "429": retry("Too many requests at once.", "Error", SLOW_DOWN),
            "503": retry("The state could not be read.", "Error", UNREAD_EXECUTION),
        },
    )
