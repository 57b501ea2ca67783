"""Requests for recommendations, read strictly from HTTP."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from backend.contract.limits import MAX_CATEGORY_LENGTH
from backend.contract.rules.event_types import CONTEXT_COLUMNS
from backend.http import BadRequestError, whole_number
from backend.recommend.filters import FilterChoice, quote_values
from backend.recommend.requests.fields import (
    Query,
    find_parameter,
    is_unprintable,
    read_id,
    read_whole,
    refuse_repeated,
    refuse_unknown,
)
from backend.recommend.requests.request import (
    DEFAULT_RESULTS,
    MAX_EXPLAINED_RESULTS,
    MAX_RESULTS,
    Page,
    Promotion,
    RecommendationRequest,
    VisitorRequest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backend.http import Request

FIRST_PAGE = "first"
MAX_PERCENT = 100

LABELS = ("slot", "variation")
"""What an answer's served list records of its request; each has as many characters as an id, as in an event."""

CHOSEN_ITEMS = 5

FACTS = ("age_group", "gender", "country", "region", "city")
"""The fields of a user of which the data sets have lists by value."""

INTERESTS = "interests"
MAX_INTERESTS = 25

# Amazon Personalize: inputList has at most 500 items (API reference, GetPersonalizedRanking).
MAX_RERANKED_ITEMS = 500

# Amazon Personalize: a value of context has at most 1,000 characters (API reference, GetRecommendations).
MAX_CONTEXT_CHARACTERS = 1000

# Amazon Personalize: filterValues has at most 25 keys, of at most 50 characters (API reference, GetRecommendations).
MAX_FILTER_VALUES = 25

_QUERY = ("num_results", "explain", "details", "page", "filter", "promotion", "promotion_percent", "model")
_FILTER_VALUE = re.compile(r"filter_values\[([A-Za-z0-9_]{1,50})\]")
_PROMOTION_VALUE = re.compile(r"promotion_values\[([A-Za-z0-9_]{1,50})\]")
_CONTEXT = re.compile(r"context\[([A-Za-z0-9_]{1,50})\]")
_PAGE = re.compile(r"([0-9]{13})-([0-9]{1,3})")


def read_recommendations(request: Request) -> RecommendationRequest:
    """Read `GET /recommendations/{user_id}`, whose query may have what the others may, and `context[…]`."""
    user_id = read_id(request.path_parameters["user_id"], "user_id")
    return RecommendationRequest(
        "recommendations", user_id=user_id, **_read_query(request.query, "fallback", with_context=True)
    )


def read_similar_items(request: Request) -> RecommendationRequest:
    """Read `GET /similar-items/{item_id}`, whose query may have a `user_id` for the filter."""
    item_id = read_id(request.path_parameters["item_id"], "item_id")
    return RecommendationRequest("similar-items", item_id=item_id, **_read_query(request.query, "user_id", "fallback"))


def read_popular(request: Request) -> RecommendationRequest:
    """Read `GET /popular`, whose query may have a `user_id` for the filter."""
    return RecommendationRequest("popular", **_read_query(request.query, "user_id"))


def read_rerank(request: Request) -> RecommendationRequest:
    """Read `POST /rerank` with an object of user_id, items, and what the query of the others may have."""
    refuse_unknown(request.query, known=())
    known = ("user_id", "items", "filter", "filter_values", "context", "derive_context", "details", "fallback", "model")
    body = _read_object(request.body, (*known, *LABELS))
    for name in ("user_id", "items"):
        if name not in body:
            raise BadRequestError(name, "is required")
    items = _read_items(body["items"])
    details = _read_boolean(body, "details")
    if details and len(items) > MAX_RESULTS:
        raise BadRequestError("items", f"must be at most {MAX_RESULTS} where details is true")
    return RecommendationRequest(
        "rerank",
        user_id=read_id(body["user_id"], "user_id"),
        items=items,
        num_results=len(items),
        filter=_read_filter(body),
        context=_read_context(body.get("context", {})),
        derives_context=_read_boolean(body, "derive_context"),
        with_details=details,
        has_popular_fallback=_read_fallback(body),
        model=read_id(body["model"], "model") if "model" in body else None,
        **_read_labels(body),
    )


def read_visitor(request: Request) -> VisitorRequest:
    """Read `POST /recommendations` with an object of items, facts, and what the query of the others may have."""
    refuse_unknown(request.query, known=("async",))
    known = ("items", "facts", "num_results", "filter", "filter_values", "context", "details", *LABELS)
    body = _read_object(request.body, known)
    if "items" not in body and "facts" not in body:
        raise BadRequestError("body", "must have items, facts or both")
    number = whole_number(body.get("num_results", DEFAULT_RESULTS))
    if number is None or not 1 <= number <= MAX_RESULTS:
        raise BadRequestError("num_results", f"must be a whole number from 1 to {MAX_RESULTS}")
    wanted = RecommendationRequest(
        "recommendations",
        num_results=number,
        filter=_read_filter(body),
        context=_read_context(body.get("context", {})),
        with_details=_read_boolean(body, "details"),
        **_read_labels(body),
    )
    facts = _read_facts(body["facts"]) if "facts" in body else {}
    interests = facts.pop(INTERESTS, ())
    is_async = _read_flag(request.query, "async")
    return VisitorRequest(wanted, _read_chosen(body), tuple(facts.items()), interests, is_async)


def _read_chosen(body: dict[str, Any]) -> tuple[str, ...]:
    if "items" not in body:
        return ()
    items = _read_items(body["items"])
    if len(items) != CHOSEN_ITEMS:
        raise BadRequestError("items", f"must be {CHOSEN_ITEMS} different item ids, these are {len(items)}")
    return items


def _read_facts(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise BadRequestError("facts", "must have a value for at least one fact")
    read: dict[str, Any] = {}
    for name, given in value.items():
        if name == INTERESTS:
            read[name] = _read_interests(given)
        elif name in FACTS:
            read[name] = _read_fact(given, f"facts.{name}")
        else:
            raise BadRequestError(f"facts.{name}", f"is not known; the facts are: {', '.join((*FACTS, INTERESTS))}")
    return read


def _read_interests(value: object) -> tuple[str, ...]:
    field = f"facts.{INTERESTS}"
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_INTERESTS:
        raise BadRequestError(field, f"must be a list of 1 to {MAX_INTERESTS} categories")
    interests = tuple(_read_fact(each, f"{field}[{position}]") for position, each in enumerate(value))
    if len(set(interests)) != len(interests):
        raise BadRequestError(field, "must name each category once")
    quote_values(field, interests)
    return interests


def _read_fact(value: object, field: str) -> str:
    """Return a value as the data sets have it: each run of blanks is one, and other characters stay as they are."""
    if not isinstance(value, str) or not value.strip(" ") or len(value) > MAX_CATEGORY_LENGTH or is_unprintable(value):
        rule = f"must be a string of 1 to {MAX_CATEGORY_LENGTH} characters, not blank, none a control character"
        raise BadRequestError(field, rule)
    return " ".join(filter(None, value.split(" ")))


def _read_boolean(body: dict[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadRequestError(name, "must be true or false")
    return value


def _read_context(given: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, dict):
        raise BadRequestError("context", "must have a string for each column")
    for name, value in given.items():
        field = f"context[{name}]"
        if name not in CONTEXT_COLUMNS:
            raise BadRequestError(field, f"is not known; the context columns are: {', '.join(CONTEXT_COLUMNS)}")
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_CONTEXT_CHARACTERS or is_unprintable(value):
            rule = f"must be a string of 1 to {MAX_CONTEXT_CHARACTERS} characters, none a control character"
            raise BadRequestError(field, rule)
    return tuple(sorted(given.items()))


def _read_fallback(given: Mapping[str, object]) -> bool:
    if given.get("fallback", "popular") != "popular":
        raise BadRequestError("fallback", "must be popular")
    return "fallback" in given


def _read_filter(body: dict[str, Any]) -> FilterChoice | None:
    values = _read_values(body.get("filter_values", {}))
    return _choice("filter", body["filter"], values, None) if "filter" in body else _choose(None, values)


def _read_values(value: object) -> dict[str, list[str]]:
    if not isinstance(value, dict) or not all(
        isinstance(given, list) and given and all(isinstance(text, str) for text in given) for given in value.values()
    ):
        raise BadRequestError("filter_values", "must have a list of strings for each parameter")
    return value


def _choose(name: object, values: dict[str, list[str]], user_id: str | None = None) -> FilterChoice | None:
    if name is None:
        for given, field in ((values, "filter_values"), (user_id, "user_id")):
            if given:
                raise BadRequestError(field, "is only used with a filter")
        return None
    return _choice("filter", name, values, user_id)


def _choice(field: str, name: object, values: dict[str, list[str]], user_id: str | None) -> FilterChoice:
    if len(values) > MAX_FILTER_VALUES:
        raise BadRequestError(f"{field}_values", f"must have at most {MAX_FILTER_VALUES} parameters")
    ordered = tuple((key, tuple(given)) for key, given in sorted(values.items()))
    return FilterChoice(read_id(name, field), ordered, user_id)


def _read_object(body: bytes, known: tuple[str, ...]) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequestError("body", "must be JSON") from None
    if not isinstance(value, dict):
        raise BadRequestError("body", f"must be a JSON object with {known[0]} and {known[1]}")
    for name in value.keys() - {*known}:
        raise BadRequestError(str(name), f"is not known; the body has {', '.join(known[:-1])} and {known[-1]}")
    return value


def _read_items(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RERANKED_ITEMS:
        raise BadRequestError("items", f"must be a list of 1 to {MAX_RERANKED_ITEMS} item ids")
    items = tuple(read_id(item, f"items[{position}]") for position, item in enumerate(value))
    if len(set(items)) != len(items):
        raise BadRequestError("items", "must name each item once")
    return items


def _read_labels(given: dict[str, Any]) -> dict[str, Any]:
    return {name: read_id(given[name], name) for name in LABELS if name in given}


def _read_query(query: Query, *optional: str, with_context: bool = False) -> dict[str, Any]:
    """Return the fields of a request that a query may set, of which some operations have further ones."""
    values, promoted, context, others = {}, {}, {}, {}
    for name, given in query.items():
        if found := _FILTER_VALUE.fullmatch(name):
            values[found[1]] = given
        elif found := _PROMOTION_VALUE.fullmatch(name):
            promoted[found[1]] = given
        elif with_context and (found := _CONTEXT.fullmatch(name)):
            context[found[1]] = given
        else:
            others[name] = given
    refuse_unknown(others, known=(*_QUERY, *LABELS, *optional, *with_context * ("derive_context",)))
    for name, given in context.items():
        refuse_repeated(f"context[{name}]", given)
    single = {name: given for name, [given] in others.items()}
    explain = _read_flag(others, "explain")
    chosen, promotion = find_parameter(others, "filter"), find_parameter(others, "promotion")
    user_id = find_parameter(others, "user_id")
    reader_id = None if user_id is None else read_id(user_id, "user_id")
    return {
        "num_results": _read_num_results(others, explain=explain),
        "with_explanations": explain,
        "with_details": _read_flag(others, "details"),
        "filter": _choose(chosen, values, None if promotion and not chosen else reader_id),
        "promotion": _read_promotion(promotion, promoted, reader_id, others),
        "context": _read_context({name: value for name, [value] in context.items()}),
        "derives_context": _read_flag(others, "derive_context"),
        "has_popular_fallback": _read_fallback(single),
        "page": _read_page(others),
        "model": read_id(others["model"][0], "model") if "model" in others else None,
        **_read_labels(single),
    }


def _read_num_results(query: Query, *, explain: bool) -> int:
    value = find_parameter(query, "num_results")
    if value is None:
        return DEFAULT_RESULTS
    if explain:
        return read_whole(value, "num_results", MAX_EXPLAINED_RESULTS, " where explain is true")
    return read_whole(value, "num_results", MAX_RESULTS)


def _read_promotion(
    name: str | None, values: dict[str, list[str]], user_id: str | None, query: Query
) -> Promotion | None:
    percent = find_parameter(query, "promotion_percent")
    if name is None:
        for given, field in ((values, "promotion_values"), (percent, "promotion_percent")):
            if given:
                raise BadRequestError(field, "is only used with a promotion")
        return None
    share = read_whole(percent or "", "promotion_percent", MAX_PERCENT)
    return Promotion(_choice("promotion", name, values, user_id), share)


def _read_page(query: Query) -> Page | None:
    value = find_parameter(query, "page")
    if value is None:
        return None
    if value == FIRST_PAGE:
        return Page()
    if not (found := _PAGE.fullmatch(value)):
        raise BadRequestError("page", f"must be {FIRST_PAGE}, or the next_page of an answer")
    return Page(int(found[2]), int(found[1]))


def _read_flag(query: Query, name: str) -> bool:
    value = query.get(name, ["false"])[0]
    if value not in {"true", "false"}:
        raise BadRequestError(name, "must be true or false")
    return value == "true"
