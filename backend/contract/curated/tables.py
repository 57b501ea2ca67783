"""The curated tables: one row per event, visit, exposure, conversion, user's day, item's day and version of an entity.

Times are UTC, days are those of the events, and money is in the unit of `currency`.
"""

from __future__ import annotations

from backend.contract.curated.table import Column, Table


def _columns(text: str) -> tuple[Column, ...]:
    """Read columns of the form `name type comment`, one a line."""
    return tuple(Column(*line.split(maxsplit=2)) for line in text.strip().splitlines())


CLEAN_EVENTS = Table(
    "clean_events",
    "An event, once however often it was sent, on the day on which it happened",
    ("event_id",),
    _columns("""
event_id string The event's id.
user_key string The user by the rule of identity: user_id, the user of the session, or session#<id>.
user_key_from string How user_key was found: user, login (another event of the session) or session (anonymous).
visit string The visit: s#<session_id>, else u#<user_key>#<start in ms since 1970>; longer sessions get #2, #3.
visit_index bigint Place of the event in its visit, from 1.
event_rank bigint Order of events with the same time: Impression 0 to Purchase 7.
user_id string The user as sent.
session_id string The session as sent.
visitor_id string The browser or device as sent.
item_id string The item; an Impression has none.
timestamp timestamp When it happened, UTC.
event_type string The type of event.
event_value double The number as sent: a rating, the share watched, or the price of one unit.
quantity bigint Units; NULL where not sent.
currency string Currency of event_value, ISO 4217.
order_id string The order of a Purchase.
value double event_value times units of an AddToCart or a Purchase, in currency; else NULL.
impression array<string> The items that were shown together.
positions array<bigint> Places of the items of an Impression in their list; NULL means 1, 2, 3 and so on.
recommendation_id string The recommendation that led to the event.
position bigint Place of the item in its list, from 1.
slot string The place of the list in the shop.
model string The model of the list.
source string The source of the list.
variation string The variation of an experiment.
device string The kind of device.
properties string Anything else, a flat JSON object.
producer string Whether a page or a server sent it.
received_at timestamp When its first copy arrived, UTC.
late_seconds bigint Seconds from the event to its arrival; negative where the sender's clock was ahead.
is_bot boolean Whether its visit or its user's day is too fast for a human, or lasts too long.
"""),
)

VISITS = Table(
    "visits",
    "A visit, on the day of its first event",
    ("visit",),
    _columns("""
visit string The visit.
user_key string The user of its first event.
session_id string The session; NULL for events without one.
started_at timestamp Time of its first event, UTC.
ended_at timestamp Time of its last event, UTC.
seconds bigint Seconds from its first event to its last.
events bigint Events.
impressions bigint Impressions.
searches bigint Searches.
views bigint Views.
clicks bigint Clicks.
adds bigint Items added to the cart.
purchases bigint Purchases; an order of several items has several.
orders bigint Orders; a purchase without order_id is an order of its own.
revenue double Sum of value of its purchases, in the reporting currency.
items bigint Distinct items.
first_item string The item of its first event with an item.
last_item string The item of its last event with an item.
entry_type string The type of its first event.
bounced boolean Whether it has one event only.
engaged boolean Whether it has two views, lasts 10 seconds, or has an item added or bought.
from_recommendation boolean Whether an event of it names a recommendation.
is_long boolean Whether its session lasts 24 hours or longer and was split.
is_bot boolean Whether an event of it is a bot's.
"""),
)

EXPOSURES = Table(
    "exposures",
    "An item that a user saw in a list, on the day on which the user saw it first",
    ("list_id", "user_key", "item_id"),
    _columns("""
list_id string recommendation_id; else v#<visit>#<slot> for a list without one, v#<visit># without a slot.
user_key string The user.
item_id string The item.
recommendation_id string The recommendation; NULL for a list without one.
visit string The visit in which the user saw it first.
slot string The place of the list in the shop.
model string The model of the list.
source string The source of the list.
variation string The variation of an experiment.
position bigint The smallest place of the item in the list, from 1.
shown_at timestamp When the user saw it first, UTC.
times bigint How often an event shows it as seen.
implied boolean Whether only the impression of a Click shows it as seen, and no Impression.
clicked_at timestamp The first click on it in this list, at most 24 hours after shown_at; else NULL.
served boolean Whether the API's record of the list is in served_lists; NULL without recommendation_id.
served_route string The route of the API that served the list.
served_version string The solution version that served the list.
is_bot boolean Whether the visit is a bot's.
"""),
)

CONVERSIONS = Table(
    "conversions",
    "An item that was added to a cart or bought, with the recommendation that it is attributed to",
    ("event_id",),
    _columns("""
event_id string The AddToCart or Purchase.
event_type string AddToCart or Purchase.
user_key string The user.
visit string The visit.
item_id string The item.
order_id string The order of a Purchase.
quantity bigint Units; 1 where not sent.
value double event_value times units, in currency; NULL where not sent.
currency string Currency of value, ISO 4217.
converted_at timestamp When it happened, UTC.
attributed_by string explicit (it names a recommendation), click (the last click on the item within 7 days) or none.
recommendation_id string The recommendation that it is attributed to.
slot string The slot of that list.
position bigint The item's place in that list.
model string The model of that list.
source string The source of that list.
variation string The variation of that list.
clicked_at timestamp The click that it is attributed to, UTC; else NULL.
hours double Hours from clicked_at to converted_at.
seen_recommendation_id string A list with the item, seen within 24 hours before, where attributed_by is none.
seen_model string The model of that list.
seen_at timestamp When the user saw that list.
is_bot boolean Whether the visit is a bot's.
"""),
)

USER_DAYS = Table(
    "user_days",
    "A user's day with an event",
    ("user_key", "event_date"),
    _columns("""
user_key string The user.
anonymous boolean Whether the user is a session without a log-in.
visits bigint Visits with an event on the day.
events bigint Events.
searches bigint Searches.
views bigint Views.
clicks bigint Clicks.
adds bigint Items added to the cart.
purchases bigint Purchases; an order of several items has several.
orders bigint Orders; a purchase without order_id is an order of its own.
revenue double Sum of value of the purchases, in the reporting currency.
exposures bigint Items seen first on the day, by list.
clicked bigint Of these exposures, those that were clicked.
variation string The variation of the first exposure of the day.
variations bigint Distinct variations of the day's exposures.
is_bot boolean Whether an event of the day is a bot's.
"""),
)

ITEM_DAYS = Table(
    "item_days",
    "An item's day with an event or an exposure, bots left out",
    ("item_id", "event_date"),
    _columns("""
item_id string The item.
category string The category that was known at the end of the day.
brand string The brand that was known at the end of the day.
views bigint Views.
viewers bigint Distinct users with a view.
clicks bigint Clicks.
adds bigint Times added to a cart.
purchases bigint Purchases.
units bigint Units bought; 1 for a purchase without quantity.
buyers bigint Distinct users with a purchase.
revenue double Sum of value of the purchases, in the reporting currency.
interactions bigint Views, clicks, adds, purchases and other events with the item but impressions.
exposures bigint Times seen in a list, once per list and user.
clicked bigint Of these exposures, those that were clicked.
exposed_users bigint Distinct users who saw it in a list.
position_sum bigint Sum of the positions of the exposures.
positioned bigint Exposures with a position; position_sum / positioned is the mean position.
"""),
)

ITEM_VERSIONS = Table(
    "item_versions",
    "A version of an item, from its arrival to that of the next",
    ("item_id", "valid_from"),
    _columns("""
item_id string The item.
valid_from timestamp When the version arrived, UTC.
valid_to timestamp When the next version arrived, excluded; NULL for the version as of now.
is_current boolean Whether it is the version as of now.
title string Its title.
category string Its category; levels or several values joined by "|".
brand string Its brand.
price double Its price in the shop's currency.
availability string Whether it can be bought.
created_at timestamp When it was created, UTC.
properties string Anything else, a flat JSON object.
"""),
    partition=None,
)

USER_VERSIONS = Table(
    "user_versions",
    "A version of a user's record, from its arrival to that of the next",
    ("user_id", "valid_from"),
    _columns("""
user_id string The user, as user_key of users who logged in.
valid_from timestamp When the version arrived, UTC.
valid_to timestamp When the next version arrived, excluded; NULL for the version as of now.
is_current boolean Whether it is the version as of now.
age_group string A band of ages.
gender string The gender that the user states.
interests string Interests; several joined by "|".
membership string The kind of account.
country string Country, as its code in ISO 3166.
region string State or region.
city string City or town.
device string The kind of device that the user mostly has.
created_at timestamp When the account was created, UTC.
"""),
    partition=None,
)

ARRIVALS = Table(
    "arrivals",
    "The rows of the raw lake that arrived within an hour, by the day of their events",
    ("arrived_at", "event_date"),
    _columns("""
arrived_at timestamp The hour in which they arrived, UTC.
rows_in bigint Rows, copies included.
refused bigint Of these, rows that are no event: without an id, type, or user and session, or with denied consent.
"""),
)

BUILDS = Table(
    "builds",
    "A day of a table in a run of the job, on the day of the run",
    ("run_id", "table_name", "event_date"),
    _columns("""
run_id string The run.
table_name string The curated table.
event_date string The day of the events; NULL for a table without days, and for rows without a time.
window_from timestamp First arrival of the run's window; NULL for all.
window_to timestamp End of the window, excluded; NULL for all.
built_at timestamp When the run ended, UTC.
rows_in bigint Rows read: of clean_events, those of the raw lake within the window that happened on the day.
duplicates bigint Rows whose event is in another row, from within the window or from before it.
conflicts bigint Of the duplicates, those with another content than the row that was kept.
refused bigint Rows that are no event: without an id, time, type, or user and session.
late bigint Rows written that arrived on a later day than they happened.
bots bigint Rows written that are a bot's.
rows_out bigint Rows written: of clean_events, those from the window, read back from the table.
unaccounted bigint rows_in - duplicates - refused - rows_out; of other tables, their source's count less theirs.
rewritten boolean Whether the day's files were replaced; false where nothing changed.
"""),
    partition="run_date",
)

TABLES = (
    CLEAN_EVENTS,
    VISITS,
    EXPOSURES,
    CONVERSIONS,
    USER_DAYS,
    ITEM_DAYS,
    ITEM_VERSIONS,
    USER_VERSIONS,
    ARRIVALS,
    BUILDS,
)
