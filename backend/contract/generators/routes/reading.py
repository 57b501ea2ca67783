"""Routes that read what is stored and what serves: products, histories, models, and the system and its health."""

from __future__ import annotations

from backend.contract import limits
from backend.contract.generators.api import ID, Schema
from backend.contract.generators.errors import (
    BAD_COUNT,
    BAD_ITEM_ID,
    BAD_PRICES,
    NO_HISTORY,
    NO_MODELS,
    NO_PARAMETERS,
    UNKNOWN_ITEM,
    UNREAD_HISTORY,
    UNREAD_ITEMS,
)
from backend.contract.generators.examples import CATEGORIES, HEALTH, HISTORY, MODELS, PRODUCT, PRODUCTS, SYSTEM_INFO
from backend.contract.generators.routes.parts import answer, in_path, in_query, operation, retry
from backend.contract.models import PRINTABLE


def reading_paths() -> dict[str, Schema]:
    """Return the paths of what is stored with their operations."""
    return {
        "/products": {"get": _get_products()},
        "/products/{item_id}": {"get": _get_product()},
        "/categories": {"get": _get_categories()},
        "/users/{user_id}/history": {"get": _get_history()},
        "/models": {"get": _get_models()},
        "/system-info": {"get": _get_system_info()},
        "/health": {"get": _get_health()},
    }


def _get_products() -> Schema:
    text: Schema = {"type": "string", "minLength": 1, "pattern": PRINTABLE}
    page: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
    price: Schema = {"type": "number", "minimum": 0, "maximum": limits.MAX_FLOAT}
    return operation(
        "getProducts",
        "applications",
        "List and search products",
        "The products of a category are in the order of their titles. A page may have fewer products than num_results, "
        "or none, although others follow: next_page says whether some may.",
        parameters=[
            in_query(
                "search",
                "At most ten words that the title or the brand has.",
                text | {"maxLength": 256},
                "boots",
            ),
            in_query(
                "category",
                "The category, exactly as the items have it.",
                text | {"maxLength": limits.MAX_CATEGORY_LENGTH},
                "Shoes|Boots",
            ),
            in_query("min_price", "The lowest price; an item without a price has none.", price, 50),
            in_query("max_price", "The highest price.", price, 150),
            in_query(
                "num_results",
                "Number of products at most.",
                {"type": "integer", "minimum": 1, "maximum": 100, "default": 24},
                24,
            ),
            in_query("page", "The next_page of an answer to the same search, category and prices.", page, None),
        ],
        answers={
            "200": answer("The products.", "Products", PRODUCTS),
            "400": answer("A parameter broke its rule.", "Error", BAD_PRICES),
            "503": retry("The products cannot be read.", "Error", UNREAD_ITEMS),
        },
    )


def _get_product() -> Schema:
    return operation(
        "getProduct",
        "applications",
        "Get a product",
        "With its description and its properties, where it has them.",
        parameters=[in_path("item_id", "The item.", ID, "i-318")],
        answers={
            "200": answer("The product.", "Product", PRODUCT),
            "400": answer("The id is malformed.", "Error", BAD_ITEM_ID),
            "404": answer("The item is not in the catalogue.", "Error", UNKNOWN_ITEM),
            "503": retry("The product cannot be read.", "Error", UNREAD_ITEMS),
        },
    )


def _get_categories() -> Schema:
    return operation(
        "getCategories",
        "applications",
        "List the categories",
        "Of all products that were ever stored, for GET /products: a category whose last product got another is "
        "still listed.",
        answers={
            "200": answer("The categories.", "Categories", CATEGORIES),
            "400": answer("The request has a parameter.", "Error", NO_PARAMETERS),
            "503": retry("The categories cannot be read.", "Error", UNREAD_ITEMS),
        },
    )


def _get_history() -> Schema:
    count: Schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}
    return operation(
        "getHistory",
        "applications",
        "Get the latest events of a user",
        "Those with an item that the recommender has got, the latest first, an event some seconds after it was sent.",
        parameters=[
            in_path("user_id", "The user, or session# and the session id of an anonymous user.", ID, "u-1042"),
            in_query("num_results", "Number of events at most.", count, 10),
        ],
        answers={
            "200": answer("The events.", "History", HISTORY),
            "400": answer("A parameter broke its rule.", "Error", BAD_COUNT),
            "404": answer("The user has neither events nor a description.", "Error", NO_HISTORY),
            "503": retry("The history cannot be read.", "Error", UNREAD_HISTORY),
        },
    )


def _get_models() -> Schema:
    return operation(
        "getModels",
        "operators",
        "List the models",
        "Of each solution the latest three versions and the one that serves, the latest first, as they were within the "
        "last minute.",
        answers={
            "200": answer("The models.", "Models", MODELS),
            "400": answer("The request has a parameter.", "Error", NO_PARAMETERS),
            "503": retry("The recommender does not answer.", "Error", NO_MODELS),
        },
    )


def _get_system_info() -> Schema:
    return operation(
        "getSystemInfo",
        "operators",
        "Get which system answers",
        "The environment, the version of the function that answers, the recommender and the limits of requests.",
        answers={
            "200": answer("The system.", "SystemInfo", SYSTEM_INFO),
            "400": answer("The request has a parameter.", "Error", NO_PARAMETERS),
        },
    )


def _get_health() -> Schema:
    return operation(
        "getHealth",
        "applications",
        "Get the health of the API",
        "Needs no key.",
        answers={"200": answer("The health.", "Health", HEALTH)},
    )
