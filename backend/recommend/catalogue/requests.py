"""Requests for products, read strictly from HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.contract.limits import MAX_CATEGORY_LENGTH, MAX_FLOAT
from backend.contract.products import fold, price_text
from backend.http import BadRequestError
from backend.recommend.catalogue.choice import Choice
from backend.recommend.catalogue.cursors import read_cursor
from backend.recommend.requests.fields import Query, find_parameter, is_unprintable, read_whole, refuse_unknown

if TYPE_CHECKING:
    from backend.http import Request
    from backend.recommend.catalogue.cursors import Place

DEFAULT_PRODUCTS = 24
MAX_PRODUCTS = 100
MAX_SEARCH_CHARACTERS = 256
MAX_WORDS = 10
"""Each is a condition for every item that is read."""

_QUERY = ("search", "category", "min_price", "max_price", "num_results", "page")
_NUMBER = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProductsRequest:
    """One page of products: those after a place."""

    choice: Choice
    num_results: int = DEFAULT_PRODUCTS
    after: Place | None = None


def read_products_request(request: Request) -> ProductsRequest:
    """Read `GET /products`."""
    query = request.query
    refuse_unknown(query, _QUERY)
    choice = Choice(
        _read_words(query), _read_category(query), _read_price(query, "min_price"), _read_price(query, "max_price")
    )
    if choice.min_price and choice.max_price and float(choice.min_price) > float(choice.max_price):
        raise BadRequestError("min_price", "must be at most max_price")
    count, page = find_parameter(query, "num_results"), find_parameter(query, "page")
    return ProductsRequest(
        choice,
        DEFAULT_PRODUCTS if count is None else read_whole(count, "num_results", MAX_PRODUCTS),
        None if page is None else read_cursor(page, choice),
    )


def _read_words(query: Query) -> tuple[str, ...]:
    text = find_parameter(query, "search")
    if text is None:
        return ()
    _check_text("search", text, MAX_SEARCH_CHARACTERS)
    words = tuple(dict.fromkeys(fold(text).split()))
    if not words:
        raise BadRequestError("search", "must have a character that is not a space")
    if len(words) > MAX_WORDS:
        raise BadRequestError("search", f"must have at most {MAX_WORDS} words, this one has {len(words)}")
    return words


def _read_category(query: Query) -> str | None:
    category = find_parameter(query, "category")
    if category is not None:
        _check_text("category", category, MAX_CATEGORY_LENGTH)
    return category


def _check_text(field: str, text: str, most: int) -> None:
    if not 1 <= len(text) <= most:
        raise BadRequestError(field, f"must have 1 to {most} characters, this one has {len(text)}")
    if is_unprintable(text):
        raise BadRequestError(field, "must not have control characters or unpaired surrogates")


def _read_price(query: Query, name: str) -> str | None:
    """Return a price as DynamoDB compares it, which keeps 38 digits."""
    text = find_parameter(query, name)
    if text is None:
        return None
    price = float(text) if _NUMBER.fullmatch(text) else -1.0
    if not 0 <= price <= MAX_FLOAT:
        raise BadRequestError(name, f"must be a number from 0 to {MAX_FLOAT}, such as 19.90")
    return price_text(price)
