"""What a caller asks, read strictly from the request."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from backend.http import BadRequest

if TYPE_CHECKING:
    from backend.http import Request

Kind = Literal["recommendations", "similar-items", "popular", "rerank"]

DEFAULT_RESULTS = 25
MAX_RESULTS = 100
# Amazon Personalize: an answer with metadata columns has at most 50 items (developer guide, "Item metadata in
# recommendations"), and explanations come as such a column.
MAX_EXPLAINED_RESULTS = 50
# Amazon Personalize: userId and itemId have at most 256 characters (API reference, GetRecommendations).
MAX_ID_CHARACTERS = 256
# Amazon Personalize: inputList has at most 500 items (API reference, GetPersonalizedRanking).
MAX_RERANKED_ITEMS = 500

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the recommender.

    Attributes
    ----------
    kind
        Which of the four it is.
    user_id, item_id
        Whom or what it is about, where it is about someone or something.
    items
        What is to be ranked, in the order it came.
    wanted
        How many items the answer is to have.
    explained
        Whether the answer says why each item is in it.
    """

    kind: Kind
    user_id: str | None = None
    item_id: str | None = None
    items: tuple[str, ...] = ()
    wanted: int = DEFAULT_RESULTS
    explained: bool = False

    @property
    def key(self) -> str:
        """The name under which the answer is stored: one for all lengths, another for an answer with explanations."""
        if self.kind == "rerank":
            listed = hashlib.sha256(json.dumps(self.items).encode()).hexdigest()
            return f"rerank#{self.user_id}#{listed}"
        about = self.user_id or self.item_id
        # In front, since ids, which may hold anything, come last.
        kind = f"explained-{self.kind}" if self.explained else self.kind
        return kind if about is None else f"{kind}#{about}"

    @property
    def plain(self) -> Question:
        """The same question without explanations."""
        return replace(self, explained=False)

    @property
    def asked(self) -> int:
        """How many items the recommender is asked for: at least the default, so one stored answer does for less."""
        return len(self.items) if self.kind == "rerank" else max(self.wanted, DEFAULT_RESULTS)


def read_recommendations(request: Request) -> Question:
    """Read `GET /recommendations/{user_id}?num_results=&explain=`."""
    wanted, explained = _read_query(request)
    user_id = _read_id(request.path_parameters["user_id"], "user_id")
    return Question("recommendations", user_id=user_id, wanted=wanted, explained=explained)


def read_similar_items(request: Request) -> Question:
    """Read `GET /similar-items/{item_id}?num_results=&explain=`."""
    wanted, explained = _read_query(request)
    item_id = _read_id(request.path_parameters["item_id"], "item_id")
    return Question("similar-items", item_id=item_id, wanted=wanted, explained=explained)


def read_popular(request: Request) -> Question:
    """Read `GET /popular?num_results=&explain=`."""
    wanted, explained = _read_query(request)
    return Question("popular", wanted=wanted, explained=explained)


def read_rerank(request: Request) -> Question:
    """Read `POST /rerank` with `{"user_id": ..., "items": [...]}`."""
    _refuse_unknown(request.query, known=())
    body = _read_object(request.body)
    for name in body.keys() - {"user_id", "items"}:
        raise BadRequest(str(name), "is not known; the body has user_id and items")
    for name in ("user_id", "items"):
        if name not in body:
            raise BadRequest(name, "is required")
    items = _read_items(body["items"])
    return Question("rerank", user_id=_read_id(body["user_id"], "user_id"), items=items, wanted=len(items))


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise BadRequest("body", "must be JSON") from error
    if not isinstance(value, dict):
        raise BadRequest("body", "must be a JSON object with user_id and items")
    return value


def _read_items(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RERANKED_ITEMS:
        raise BadRequest("items", f"must be a list of 1 to {MAX_RERANKED_ITEMS} item ids")
    items = tuple(_read_id(item, f"items[{position}]") for position, item in enumerate(value))
    if len(set(items)) != len(items):
        raise BadRequest("items", "must name each item once")
    return items


def _read_id(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadRequest(field, "must be a string")
    if not 1 <= len(value) <= MAX_ID_CHARACTERS:
        raise BadRequest(field, f"must have 1 to {MAX_ID_CHARACTERS} characters, this one has {len(value)}")
    if _CONTROL.search(value):
        raise BadRequest(field, "must not have control characters")
    return value


def _read_query(request: Request) -> tuple[int, bool]:
    _refuse_unknown(request.query, known=("num_results", "explain"))
    explained = _read_explain(request.query)
    return _read_num_results(request.query, explained=explained), explained


def _refuse_unknown(query: dict[str, list[str]], known: tuple[str, ...]) -> None:
    for name, values in query.items():
        if name not in known:
            raise BadRequest(name, f"is not known; known are: {', '.join(known) or 'none'}")
        if len(values) != 1:
            raise BadRequest(name, "must be given once")


def _read_num_results(query: dict[str, list[str]], *, explained: bool) -> int:
    [value] = query.get("num_results", [str(DEFAULT_RESULTS)])
    most, where = (MAX_EXPLAINED_RESULTS, " where explain is true") if explained else (MAX_RESULTS, "")
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= most:
        raise BadRequest("num_results", f"must be a whole number from 1 to {most}{where}")
    return int(value)


def _read_explain(query: dict[str, list[str]]) -> bool:
    [value] = query.get("explain", ["false"])
    if value not in {"true", "false"}:
        raise BadRequest("explain", "must be true or false")
    return value == "true"
