"""The one definition of events, items and users; all other forms of them are generated from these models.

``python -m backend.contract.generate`` writes the generated files; ``--check`` lists those that differ.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from backend.contract import limits
from backend.contract.instants import read_instant, to_milliseconds, write_instant
from backend.contract.rules.event_types import IMPRESSION, PURCHASE, SEARCH, WITH_QUANTITY, EventType
from backend.contract.rules.placeholder_ids import PLACEHOLDER_RULE, SESSION_PREFIX, SESSION_RULE, is_placeholder

PRINTABLE = r"^[^\x00-\x1F\x7F]*$"
"""No C0 control character and no DEL."""

_PRINTABLE = re.compile(PRINTABLE.replace("$", r"\Z"))

PRINTABLE_LINES = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F]*$"
"""The same, with tabs and line breaks allowed."""


CURRENCY = r"^[A-Z]{3}$"

_CURRENCY = re.compile(CURRENCY.replace("$", r"\Z"))


@dataclass(frozen=True, slots=True)
class Column:
    """The column of a field in a Personalize dataset.

    Reserved names and types: https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
    """

    name: str
    type: Literal["string", "float", "long"] = "string"
    nullable: bool = False
    categorical: bool = False
    textual: bool = False


HOUR = Column("HOUR", nullable=True, categorical=True)
"""The hour of an interaction in UTC, 00 to 23: a context column that is derived from the event's time."""


def _instant(value: object) -> datetime:
    try:
        return read_instant(value)
    except ValueError:
        raise PydanticCustomError(
            "wrong_type", "must be an RFC 3339 date-time with an offset, such as 2026-01-31T12:00:00.000Z"
        ) from None


def _event_time(value: datetime, info: ValidationInfo) -> datetime:
    now: datetime = info.context["now"] if info.context else datetime.now(limits.EARLIEST_EVENT.tzinfo)
    if value < limits.EARLIEST_EVENT:
        raise PydanticCustomError("too_old", "must not be before 1995-01-01T00:00:00Z")
    if value > now + limits.MAX_CLOCK_AHEAD:
        raise PydanticCustomError("in_future", "must not be more than 15 minutes ahead of now")
    return to_milliseconds(value)


def _plausible(value: datetime) -> datetime:
    if value < limits.EARLIEST_INSTANT:
        raise PydanticCustomError("too_old", "must not be before 1900-01-01T00:00:00Z")
    if value > limits.LATEST_INSTANT:
        raise PydanticCustomError("in_future", "must not be after 2200-01-01T00:00:00Z")
    return to_milliseconds(value)


def _scalar(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not _PRINTABLE.match(value):
            raise PydanticCustomError("control_character", "must hold no control character")
        return value
    if isinstance(value, int):
        if abs(value) > limits.MAX_SAFE_INTEGER:
            raise PydanticCustomError("out_of_range", "must lie between -(2^53-1) and 2^53-1 when a whole number")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise PydanticCustomError("out_of_range", "must be a finite number")
        return value
    raise PydanticCustomError("wrong_type", "must be a string, a number, true, false or null")


def _small(value: dict[str, object]) -> dict[str, object]:
    if len(msgspec.json.encode(value)) > limits.MAX_PROPERTIES_BYTES:
        raise PydanticCustomError("too_large", "must be at most 1024 bytes as JSON")
    return value


def _real_id(value: str) -> str:
    if is_placeholder(value):
        raise PydanticCustomError("placeholder_id", PLACEHOLDER_RULE)
    return value


def _real_user(value: str) -> str:
    if value.startswith(SESSION_PREFIX):
        raise PydanticCustomError("placeholder_id", SESSION_RULE)
    return value


def _currency(value: str) -> str:
    if not _CURRENCY.match(value):
        raise PydanticCustomError("unknown_value", "must be three capital letters as in ISO 4217, such as EUR")
    return value


Identifier = Annotated[
    str,
    Field(min_length=1, max_length=limits.MAX_ID_LENGTH, pattern=PRINTABLE),
    AfterValidator(_real_id),
]
Label = Annotated[str, Field(min_length=1, max_length=limits.MAX_LABEL_LENGTH, pattern=PRINTABLE)]
Currency = Annotated[
    str,
    Field(min_length=3, max_length=3),
    AfterValidator(_currency),
    WithJsonSchema({"type": "string", "pattern": CURRENCY}),
]
Count = Annotated[int, Field(ge=1, le=limits.MAX_COUNT)]
Category = Annotated[str, Field(min_length=1, max_length=limits.MAX_CATEGORY_LENGTH, pattern=PRINTABLE)]
Text = Annotated[str, Field(min_length=1, max_length=limits.MAX_TEXT_LENGTH, pattern=PRINTABLE_LINES)]
Amount = Annotated[float, Field(ge=-limits.MAX_FLOAT, le=limits.MAX_FLOAT, allow_inf_nan=False)]
RecommendationId = Annotated[
    str,
    Field(min_length=1, max_length=limits.MAX_RECOMMENDATION_ID_LENGTH, pattern=PRINTABLE),
    AfterValidator(_real_id),
]
Impression = Annotated[list[Identifier], Field(min_length=1, max_length=limits.MAX_IMPRESSION_ITEMS)]
Positions = Annotated[list[Count], Field(min_length=1, max_length=limits.MAX_IMPRESSION_ITEMS)]

_INSTANT_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time"})
_WRITTEN = PlainSerializer(write_instant, return_type=str, when_used="json")
EventTime = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_event_time), _INSTANT_SCHEMA, _WRITTEN]
PlausibleInstant = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_plausible), _INSTANT_SCHEMA, _WRITTEN]

Scalar = Annotated[
    object,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"], "pattern": PRINTABLE}),
]
Properties = Annotated[
    dict[Annotated[str, Field(pattern=PRINTABLE)], Scalar],
    Field(max_length=limits.MAX_PROPERTIES),
    AfterValidator(_small),
]

# Google Merchant Center's values, which shops already have in their product feeds.
Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder"]


ADDED_FIELDS = ("event_id", "received_at", "producer")
"""The fields of an event that the front door adds; a derived event id does not depend on them."""


def _broken(reason: str, field: str, rule: str) -> PydanticCustomError:
    """Return the error of a rule over several fields, with the one to change."""
    return PydanticCustomError(reason, rule, {"field": field})


class _Record(BaseModel):
    """A record of the contract: unknown fields and values of another type are refused."""

    model_config = ConfigDict(strict=True, extra="forbid")

    if TYPE_CHECKING:
        properties: Properties | None

    def canonical(self, *without: str) -> bytes:
        """Return the record's canonical JSON: the set fields, instants in UTC to the millisecond."""
        fields = self.model_dump(mode="json", exclude_none=True, exclude=set(without))
        if "properties" in fields:
            # From the model, since dumping would leave out the names with the value null.
            fields["properties"] = dict(sorted((self.properties or {}).items()))
        return msgspec.json.encode(fields)


class Event(_Record):
    """An interaction of a user with an item: its type and its time."""

    event_id: Identifier | None = Field(
        default=None,
        description="Makes sending the event twice harmless; derived from the event where absent.",
        examples=["6f1c2b9a0d5e4f8891c3a7b2e4d6f801"],
    )
    user_id: Annotated[Annotated[Identifier, AfterValidator(_real_user)] | None, Column("USER_ID")] = Field(
        default=None, description="The user; this or session_id is required.", examples=["u-1042"]
    )
    session_id: Identifier | None = Field(
        default=None, description="The session; this or user_id is required.", examples=["s-7f3a"]
    )
    item_id: Annotated[Identifier | None, Column("ITEM_ID")] = Field(
        default=None, description="The item; an Impression has none, and a Search needs none.", examples=["i-318"]
    )
    timestamp: Annotated[EventTime, Column("TIMESTAMP", "long")] = Field(
        description="When it happened: RFC 3339 with an offset, from 1995 to 15 minutes ahead; kept to the ms.",
        examples=["2026-01-31T12:00:00.000Z"],
    )
    event_type: Annotated[EventType, Column("EVENT_TYPE")] = Field(
        description="The type of interaction; a deployment can accept further ones.", examples=["View"]
    )
    event_value: Annotated[Amount | None, Column("EVENT_VALUE", "float", nullable=True)] = Field(
        default=None,
        description="A number: a rating, the share watched, or the price of one unit.",
        examples=[19.9],
    )
    impression: Annotated[Impression | None, Column("IMPRESSION", nullable=True)] = Field(
        default=None,
        description="The items that were shown together: of an Impression, or at the interaction.",
        examples=[["i-318", "i-42"]],
    )
    recommendation_id: Annotated[RecommendationId | None, Column("RECOMMENDATION_ID", nullable=True)] = Field(
        default=None, description="The recommendation that led to it.", examples=["RID-1f2e3d4c"]
    )
    properties: Properties | None = Field(
        default=None,
        description="Anything else, flat, at most 25 names and 1,024 bytes as JSON.",
        examples=[{"campaign": "spring", "gift": False}],
    )
    consent: Literal["granted", "denied"] = Field(
        default="granted", description="Consent to its use; a denied event is not stored.", examples=["granted"]
    )
    schema_version: Literal["1"] = Field(default="1", description="Version of the event's schema.", examples=["1"])
    received_at: PlausibleInstant | None = Field(
        default=None, description="When it was received; the front door sets it and overwrites the sender's value."
    )

    # Fields are added at the end, since the columns of the lake have the order of the models.
    visitor_id: Identifier | None = Field(
        default=None, description="The browser or device, the same before and after a log-in.", examples=["v-90c1"]
    )
    order_id: Identifier | None = Field(
        default=None, description="The order that a Purchase belongs to.", examples=["o-2207"]
    )
    quantity: Count | None = Field(
        default=None, description="Units, of a Purchase, AddToCart or RemoveFromCart.", examples=[2]
    )
    currency: Currency | None = Field(
        default=None, description="Currency of event_value, three capital letters of ISO 4217.", examples=["EUR"]
    )
    position: Count | None = Field(default=None, description="Place of the item in its list, from 1.", examples=[3])
    positions: Positions | None = Field(
        default=None,
        description="Places of an Impression's items in their list, rising; 1, 2, 3 and so on where absent.",
        examples=[[4, 5]],
    )
    slot: Label | None = Field(default=None, description="The place of the list in the shop.", examples=["home-top"])
    variation: Label | None = Field(
        default=None, description="The variation of an experiment, as the answer gave it.", examples=["control"]
    )
    model: Label | None = Field(
        default=None, description="The model of the list, as the answer gave it.", examples=["user-personalization"]
    )
    source: Label | None = Field(
        default=None, description="The source of the list, as the answer gave it.", examples=["recommender"]
    )
    device: Annotated[Label | None, Column("DEVICE", nullable=True, categorical=True)] = Field(
        default=None, description="The kind of device, such as phone, tablet or desktop.", examples=["phone"]
    )
    producer: Literal["page", "server"] | None = Field(
        default=None,
        description="Whether a page's public key or a server's sent it; the front door sets it as received_at.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.user_id is None and self.session_id is None:
            raise _broken("no_identity", "user_id", "is required where there is no session_id")
        if self.event_type == IMPRESSION:
            self._check_list()
        elif self.item_id is None and self.event_type != SEARCH:
            raise _broken("missing_field", "item_id", "is required, except for a Search or an Impression")
        elif self.positions is not None:
            raise _broken("misplaced_field", "positions", "is for an Impression only; position is for others")
        if self.order_id is not None and self.event_type != PURCHASE:
            raise _broken("misplaced_field", "order_id", "is for a Purchase only")
        if self.quantity is not None and self.event_type not in WITH_QUANTITY:
            raise _broken("misplaced_field", "quantity", "is for Purchase, AddToCart and RemoveFromCart only")
        if self.currency is not None and self.event_value is None:
            raise _broken("misplaced_field", "currency", "is for an event with event_value only")
        # Without the fields that the front door adds, so that an accepted event is valid in the stream too.
        if len(self.canonical(*ADDED_FIELDS)) > limits.MAX_EVENT_BYTES:
            raise PydanticCustomError("too_large", "must be at most 10240 bytes as JSON")
        return self

    def _check_list(self) -> None:
        if self.impression is None:
            raise _broken("missing_field", "impression", "is required for an Impression")
        for name in ("item_id", "event_value", "position"):
            if getattr(self, name) is not None:
                raise _broken("misplaced_field", name, "must not be in an Impression")
        if len(set(self.impression)) != len(self.impression):
            raise _broken("repeated_value", "impression", "must name each item once")
        positions = self.positions
        if positions is not None and (len(positions) != len(self.impression) or sorted(set(positions)) != positions):
            raise _broken("wrong_positions", "positions", "must be as many as the items, and rising")


class Item(_Record):
    """An item that can be recommended."""

    item_id: Annotated[Identifier, Column("ITEM_ID")] = Field(description="Names the item.", examples=["i-318"])
    title: Annotated[Category | None, Column("TITLE", nullable=True)] = Field(
        default=None, description="Its title.", examples=["Walking boots"]
    )
    category: Annotated[Category | None, Column("CATEGORY", nullable=True, categorical=True)] = Field(
        default=None, description='Its category; levels or several values joined by "|".', examples=["Shoes|Boots"]
    )
    brand: Annotated[Category | None, Column("BRAND", nullable=True, categorical=True)] = Field(
        default=None, description="Its brand.", examples=["Northway"]
    )
    price: Annotated[Amount | None, Column("PRICE", "float", nullable=True)] = Field(
        default=None, ge=0, description="Its price in the shop's currency.", examples=[129.0]
    )
    # Not categorical: a recommender filters by it and learns nothing from it, since it changes from day to day.
    availability: Annotated[Availability | None, Column("AVAILABILITY", nullable=True)] = Field(
        default=None,
        description="Whether it can be bought; an item without it counts as in stock.",
        examples=["in_stock"],
    )
    description: Annotated[Text | None, Column("DESCRIPTION", nullable=True, textual=True)] = Field(
        default=None, description="Its description in sentences.", examples=["Waterproof, made for long days."]
    )
    created_at: Annotated[PlausibleInstant | None, Column("CREATION_TIMESTAMP", "long")] = Field(
        default=None, description="When it was created, RFC 3339 with an offset.", examples=["2025-06-01T00:00:00Z"]
    )
    properties: Properties | None = Field(
        default=None,
        description="Anything else, flat, at most 25 names and 1,024 bytes as JSON.",
        examples=[{"colour": "brown"}],
    )


class User(_Record):
    """A user who can receive recommendations."""

    user_id: Annotated[Identifier, Column("USER_ID")] = Field(description="Names the user.", examples=["u-1042"])
    age_group: Annotated[Category | None, Column("AGE_GROUP", nullable=True, categorical=True)] = Field(
        default=None, description="A band of ages, never a birthday.", examples=["25-34"]
    )
    gender: Annotated[Category | None, Column("GENDER", nullable=True, categorical=True)] = Field(
        default=None, description="The gender that the user states.", examples=["F"]
    )
    interests: Annotated[Category | None, Column("INTERESTS", nullable=True, categorical=True)] = Field(
        default=None, description='Interests of the user; several joined by "|".', examples=["Hiking|Cooking"]
    )
    membership: Annotated[Category | None, Column("MEMBERSHIP", nullable=True, categorical=True)] = Field(
        default=None, description="The kind of account.", examples=["gold"]
    )
    created_at: PlausibleInstant | None = Field(
        default=None,
        description="When the account was created, RFC 3339 with an offset.",
        examples=["2025-06-01T00:00:00Z"],
    )
    properties: Properties | None = Field(
        default=None,
        description="Anything else, flat, at most 25 names and 1,024 bytes as JSON.",
        examples=[{"newsletter": True}],
    )
    # Added at the end, as the fields of an event.
    country: Annotated[Category | None, Column("COUNTRY", nullable=True, categorical=True)] = Field(
        default=None, description="Country, as its code in ISO 3166.", examples=["DE"]
    )
    region: Annotated[Category | None, Column("REGION", nullable=True, categorical=True)] = Field(
        default=None, description="State or region.", examples=["Bavaria"]
    )
    city: Annotated[Category | None, Column("CITY", nullable=True, categorical=True)] = Field(
        default=None, description="City or town.", examples=["Munich"]
    )
    device: Annotated[Category | None, Column("DEVICE", nullable=True, categorical=True)] = Field(
        default=None, description="The kind of device that the user mostly has.", examples=["phone"]
    )
