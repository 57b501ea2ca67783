"""The requests for recommendations, read strictly from HTTP."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from backend.http import BadRequestError
from backend.recommend.filters import FilterChoice

if TYPE_CHECKING:
    from backend.http import Request

RequestKind = Literal["recommendations", "similar-items", "popular", "rerank"]

DEFAULT_RESULTS = 25
MAX_RESULTS = 100
# Amazon Personalize: an answer with metadata columns has at most 50 items (developer guide, "Item metadata in
# recommendations"), and explanations are such a column.
MAX_EXPLAINED_RESULTS = 50
# Amazon Personalize: userId and itemId have at most 256 characters (API reference, GetRecommendations).
MAX_ID_CHARACTERS = 256
# Amazon Personalize: inputList has at most 500 items (API reference, GetPersonalizedRanking).
MAX_RERANKED_ITEMS = 500

# Amazon Personalize: filterValues has at most 25 keys, of at most 50 characters (API reference, GetRecommendations).
MAX_FILTER_VALUES = 25

_FILTER_VALUE = re.compile(r"filter_values\[([A-Za-z0-9_]{1,50})\]")
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class RecommendationRequest:
    """One request for recommendations."""

    kind: RequestKind
    user_id: str | None = None
    item_id: str | None = None
    items: tuple[str, ...] = ()
    num_results: int = DEFAULT_RESULTS
    with_explanations: bool = False
    filter: FilterChoice | None = None

    @property
    def key(self) -> str:
        """The key of the stored answer: one for all lengths, others with explanations and for each filter."""
        filtered = [self.filter.key] if self.filter else []
        if self.kind == "rerank":
            return f"rerank#{self.user_id}#{_hash([*self.items, *filtered])}"
        subject = self.user_id or self.item_id
        # A prefix, since an id may hold any characters and is last.
        kind = f"explained-{self.kind}" if self.with_explanations else self.kind
        if filtered:
            kind = f"filtered-{_hash(filtered)}-{kind}"
        return kind if subject is None else f"{kind}#{subject}"

    @property
    def plain(self) -> RecommendationRequest:
        """The same request without explanations."""
        return replace(self, with_explanations=False)

    @property
    def reader_id(self) -> str | None:
        """The user whose history the answer depends on: the request's, or the one whom its filter concerns."""
        return self.user_id or (self.filter.user_id if self.filter else None)

    @property
    def requested_results(self) -> int:
        """Number of items to request: at least the default, so that one stored answer serves shorter requests too."""
        return len(self.items) if self.kind == "rerank" else max(self.num_results, DEFAULT_RESULTS)


def read_recommendations(request: Request) -> RecommendationRequest:
    """Read `GET /recommendations/{user_id}?num_results=&explain=&filter=&filter_values[…]=`."""
    user_id = _read_id(request.path_parameters["user_id"], "user_id")
    return RecommendationRequest("recommendations", user_id=user_id, **_read_query(request.query))


def read_similar_items(request: Request) -> RecommendationRequest:
    """Read `GET /similar-items/{item_id}?num_results=&explain=&filter=&filter_values[…]=&user_id=`."""
    item_id = _read_id(request.path_parameters["item_id"], "item_id")
    return RecommendationRequest("similar-items", item_id=item_id, **_read_query(request.query, "user_id"))


def read_popular(request: Request) -> RecommendationRequest:
    """Read `GET /popular?num_results=&explain=&filter=&filter_values[…]=&user_id=`."""
    return RecommendationRequest("popular", **_read_query(request.query, "user_id"))


def read_rerank(request: Request) -> RecommendationRequest:
    """Read `POST /rerank` with `{"user_id", "items", "filter"?, "filter_values"?}`."""
    _refuse_unknown(request.query, known=())
    body = _read_object(request.body)
    for name in body.keys() - {"user_id", "items", "filter", "filter_values"}:
        raise BadRequestError(str(name), "is not known; the body has user_id, items, filter and filter_values")
    for name in ("user_id", "items"):
        if name not in body:
            raise BadRequestError(name, "is required")
    items = _read_items(body["items"])
    return RecommendationRequest(
        "rerank",
        user_id=_read_id(body["user_id"], "user_id"),
        items=items,
        num_results=len(items),
        filter=_choose(body.get("filter"), _read_values(body.get("filter_values", {}))),
    )


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
    if len(values) > MAX_FILTER_VALUES:
        raise BadRequestError("filter_values", f"must have at most {MAX_FILTER_VALUES} parameters")
    ordered = tuple((key, tuple(given)) for key, given in sorted(values.items()))
    return FilterChoice(_read_id(name, "filter"), ordered, user_id)


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequestError("body", "must be JSON") from None
    if not isinstance(value, dict):
        raise BadRequestError("body", "must be a JSON object with user_id and items")
    return value


def _read_items(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RERANKED_ITEMS:
        raise BadRequestError("items", f"must be a list of 1 to {MAX_RERANKED_ITEMS} item ids")
    items = tuple(_read_id(item, f"items[{position}]") for position, item in enumerate(value))
    if len(set(items)) != len(items):
        raise BadRequestError("items", "must name each item once")
    return items


def _read_id(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadRequestError(field, "must be a string")
    if not 1 <= len(value) <= MAX_ID_CHARACTERS:
        raise BadRequestError(field, f"must have 1 to {MAX_ID_CHARACTERS} characters, this one has {len(value)}")
    if _NO_TEXT.search(value):
        raise BadRequestError(field, "must not have control characters or unpaired surrogates")
    return value


def _read_query(query: dict[str, list[str]], *optional: str) -> dict[str, Any]:
    """Return the fields of a request that a query may set, of which some operations have further ones."""
    values = {found[1]: given for name, given in query.items() if (found := _FILTER_VALUE.fullmatch(name))}
    others = {name: given for name, given in query.items() if not _FILTER_VALUE.fullmatch(name)}
    _refuse_unknown(others, known=("num_results", "explain", "filter", *optional))
    explain = _read_explain(others)
    [name], [user_id] = others.get("filter", [None]), others.get("user_id", [None])
    return {
        "num_results": _read_num_results(others, explain=explain),
        "with_explanations": explain,
        "filter": _choose(name, values, None if user_id is None else _read_id(user_id, "user_id")),
    }


def _refuse_unknown(query: dict[str, list[str]], known: tuple[str, ...]) -> None:
    for name, values in query.items():
        if name not in known:
            raise BadRequestError(name, f"is not known; known are: {', '.join(known) or 'none'}")
        if len(values) != 1:
            raise BadRequestError(name, "must be given once")


def _read_num_results(query: dict[str, list[str]], *, explain: bool) -> int:
    [value] = query.get("num_results", [str(DEFAULT_RESULTS)])
    limit, condition = (MAX_EXPLAINED_RESULTS, " where explain is true") if explain else (MAX_RESULTS, "")
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= limit:
        raise BadRequestError("num_results", f"must be a whole number from 1 to {limit}{condition}")
    return int(value)


def _read_explain(query: dict[str, list[str]]) -> bool:
    [value] = query.get("explain", ["false"])
    if value not in {"true", "false"}:
        raise BadRequestError("explain", "must be true or false")
    return value == "true"


def _hash(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
