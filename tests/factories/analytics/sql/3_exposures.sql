-- One row per list, user and item: from Impressions, and from the impressions of Clicks.
CREATE TEMP MACRO list_of(recommendation_id, visit, slot) AS
    coalesce(recommendation_id, 'v#' || visit || '#' || coalesce(slot, ''));

CREATE TEMP TABLE showings AS
WITH places AS (
    SELECT *, generate_subscripts(impression, 1) AS place
    FROM clean_events
    WHERE event_type IN ('Impression', 'Click')
)
SELECT
    list_of(recommendation_id, visit, slot) AS list_id,
    user_key,
    impression[place] AS item_id,
    CASE WHEN event_type = 'Impression' THEN coalesce(positions[place], place) END AS seen_position,
    place,
    "timestamp",
    event_rank,
    event_id,
    event_type,
    recommendation_id,
    visit,
    slot,
    model,
    source,
    variation
FROM places
WHERE impression[place] IS NOT NULL;

CREATE TEMP TABLE exposures AS
WITH shown AS (
    SELECT
        list_id,
        user_key,
        item_id,
        coalesce(min(seen_position), min(place)) AS position,
        min("timestamp") AS shown_at,
        shown_at::DATE AS shown_day,
        count(DISTINCT event_id) AS times,
        count(*) FILTER (event_type = 'Impression') = 0 AS implied
    FROM showings
    GROUP BY list_id, user_key, item_id
), first_showings AS (
    SELECT list_id, user_key, item_id, recommendation_id, visit, slot, model, source, variation
    FROM showings
    QUALIFY row_number() OVER (
        PARTITION BY list_id, user_key, item_id ORDER BY "timestamp", event_rank, event_id
    ) = 1
), clicks AS (
    SELECT list_of(recommendation_id, visit, slot) AS list_id, user_key, item_id, "timestamp" AS clicked
    FROM clean_events
    WHERE event_type = 'Click'
), clicked AS (
    SELECT list_id, user_key, item_id, min(clicked) AS clicked_at
    FROM shown
    JOIN clicks USING (list_id, user_key, item_id)
    WHERE clicked BETWEEN shown_at AND shown_at + INTERVAL ($CLICK_THROUGH_HOURS) HOUR
    GROUP BY list_id, user_key, item_id
), answers AS (
    SELECT recommendation_id, shown_day, route AS served_route, version AS served_version, true AS is_served
    FROM (SELECT DISTINCT list_id AS recommendation_id, shown_day FROM shown)
    JOIN (FROM no_served_lists UNION ALL BY NAME FROM lake_served_lists) USING (recommendation_id)
    WHERE ingest_date::DATE BETWEEN shown_day - 30 AND shown_day + 2
    QUALIFY row_number() OVER (PARTITION BY recommendation_id, shown_day ORDER BY served_at, served_id) = 1
)
SELECT
    *,
    CASE WHEN recommendation_id IS NOT NULL THEN coalesce(is_served, false) END AS served,
    strftime(shown_at, '%Y-%m-%d') AS event_date
FROM shown
JOIN first_showings USING (list_id, user_key, item_id)
LEFT JOIN clicked USING (list_id, user_key, item_id)
LEFT JOIN answers USING (recommendation_id, shown_day)
JOIN (SELECT visit, is_bot FROM visits) USING (visit);
