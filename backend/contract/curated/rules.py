"""The rules of the curated tables: one set of numbers for Spark, the views, their tests and their documentation.

The order of events in every window is (timestamp, rank, event id), so that results do not depend on the order of rows;
the rule of identity alone has the order of (timestamp, event id). Texts are compared by code point, and NULL is less
than any value. "At most" a number of days, hours or seconds includes it. Whole seconds are rounded down.

Raw events
    A row without event_id, timestamp or event_type, without both user_id and session_id, or with denied consent is
    refused, before duplicates are looked for. Where received_at is NULL, it is the hour of the row's partition.
    Of the rows with one event_id, that with the least received_at is kept; of several, the one with the least content,
    compared column by column from user_id to producer in the order of `clean_events`, without value. A row with
    another content in these columns than the kept row is a conflict. Rows with one event_id whose days are more than
    30 days apart are one event only within one run: where two runs merge them, each day keeps its own, and both count.
Visits
    Only the visits of sessions are split. The first visit of a session gets #1 where its session_id contains #. A
    visit without a session has the user's events without a session, and <start> is the time of its first event in
    milliseconds since 1970. All parts of a session that was split are long, and so a bot's. The 60 seconds of the
    rule of bots are 60,000 milliseconds, so that events 60 seconds apart are in two minutes; they are counted within
    a visit, and a user's day within its user_key, each over events with an item_id. A visit is a bot's where one of
    its events is. Events of a session more than 30 days apart are ordered together only within one run, as duplicates.
Money
    Revenue is the sum of value of purchases in the reporting currency, an option of the job; without this option,
    of all purchases. A purchase without currency counts as one in the reporting currency. Sums of nothing are 0.
    Sums of quantities and positions end at 2^63 - 1.
Lists
    The items of an Impression, and those of the impression of a Click, were seen; the impression of an event of
    another type shows nothing. A list without recommendation_id and without slot is v#<visit>#. shown_at, visit, slot,
    model, source and variation are those of the first event that shows the item, and times counts all of them. The
    position is the least of the Impressions; of an implied exposure, the least place in the impression of a Click.
    served_route and served_version are those of the first served list with this id by served_at, then served_id, among
    those in the partitions from 30 days before the exposure's day to 2 days after it. A list that arrives after its
    events were curated is found by the run whose window, or the 2 days before it, has the list's partition. Once an
    exposure is served, only a new event of its day makes a run look for an earlier list with the same id.
Conversions
    An explicit conversion, and a click, name the list by recommendation_id. What they leave NULL of slot, position,
    model, source and variation is that of the exposure with the same list, user and item, if it was first shown in
    the 7 days before an explicit conversion, or in the 24 hours before a click. Only the last click in the order of
    events counts, and only with a recommendation_id. A list seen before is the last by (shown_at, list_id) of the
    user's exposures of the item with a recommendation_id.
Days
    The variation of a user's day is that of the first exposure with a variation by (shown_at, list_id, item_id), and
    NULL is not counted among the variations. The end of a day is the start of the next, which it excludes.
Versions
    A record arrives at its received_at, else when its file was written, to the millisecond; where received_at is no
    time, at the start of its partition's day. Of the records of one arrival, that of the last line of the last file is
    kept. A record with the same content as the version before it, in the columns of the table, is no new version. A
    price that is no number is NULL. Records that are no JSON or have no id are left out.
Arrivals
    A run reads whole hours of arrivals: its window begins with the hour of its start and ends with the hour of its end.
    The rows of an hour that it reads are counted anew. A row without a time belongs to no day, and is not counted.
Lost files
    A day's tables are built where its clean events change. To build them again, delete the day's folder of `user_days`
    and run a window with an event of the day: all tables of the day are then compared and replaced where they differ.
"""

from __future__ import annotations

EVENT_RANKS = {
    "Impression": 0,
    "Search": 1,
    "View": 2,
    "Click": 3,
    "AddToCart": 4,
    "RemoveFromCart": 5,
    "Purchase": 7,
}
"""The order of events with the same time."""

OTHER_RANK = 6
"""The rank of every other type of event."""

VISIT_GAP_MINUTES = 30
"""A longer gap between a user's events without a session starts a new visit; a gap of exactly this length does not."""

MAX_VISIT_HOURS = 24
"""A session is a visit; where it lasts longer, each event at or after this age of the visit starts a further one."""

ENGAGED_SECONDS, ENGAGED_VIEWS = 10, 2
"""A visit is engaged where it lasts as long, has as many views, or has an item added to the cart or bought."""

CLICK_THROUGH_HOURS = 24
"""A click belongs to an exposure of the same list, user and item that began at most this long before it."""

ATTRIBUTION_DAYS = 7
"""A conversion belongs to the last click on its item from a recommendation, at most this long before it."""

VIEW_THROUGH_HOURS = 24
"""A conversion without a click was seen before where its item was in a list at most this long before it."""

BOT_EVENTS_PER_MINUTE, BOT_EVENTS_PER_DAY = 120, 5_000
"""More events with an item in any 60 seconds, or in a day, mark a visit's or a user's day's events as a bot's."""

MAX_AMOUNT = 1e18
"""No amount of money is as large: a value of this size or more, of either sign, or of no number, is NULL."""
