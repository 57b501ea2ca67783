-- One row per user's day and per item's day; items' days are without bots.
CREATE TEMP TABLE user_days AS
WITH of_events AS (
    SELECT
        user_key,
        event_date,
        starts_with(user_key, 'session#') AS anonymous,
        count(DISTINCT visit) AS visits,
        count(*) AS events,
        count(*) FILTER (event_type = 'Search') AS searches,
        count(*) FILTER (event_type = 'View') AS views,
        count(*) FILTER (event_type = 'Click') AS clicks,
        count(*) FILTER (event_type = 'AddToCart') AS adds,
        count(*) FILTER (event_type = 'Purchase') AS purchases,
        count(DISTINCT order_id) FILTER (event_type = 'Purchase')
            + count(*) FILTER (event_type = 'Purchase' AND order_id IS NULL) AS orders,
        coalesce(sum(paid), 0) AS revenue,
        bool_or(is_bot) AS is_bot
    FROM paid
    GROUP BY user_key, event_date
), of_exposures AS (
    SELECT
        user_key,
        event_date,
        count(*) AS exposures,
        count(clicked_at) AS clicked,
        first(variation ORDER BY shown_at, list_id, item_id) FILTER (variation IS NOT NULL) AS variation,
        count(DISTINCT variation) AS variations
    FROM exposures
    GROUP BY user_key, event_date
)
SELECT
    * REPLACE (
        coalesce(exposures, 0) AS exposures, coalesce(clicked, 0) AS clicked, coalesce(variations, 0) AS variations
    )
FROM of_events
LEFT JOIN of_exposures USING (user_key, event_date);

CREATE TEMP TABLE item_days AS
WITH of_events AS (
    SELECT
        item_id,
        event_date,
        count(*) FILTER (event_type = 'View') AS views,
        count(DISTINCT user_key) FILTER (event_type = 'View') AS viewers,
        count(*) FILTER (event_type = 'Click') AS clicks,
        count(*) FILTER (event_type = 'AddToCart') AS adds,
        count(*) FILTER (event_type = 'Purchase') AS purchases,
        sum(coalesce(quantity, 1)) FILTER (event_type = 'Purchase') AS units,
        count(DISTINCT user_key) FILTER (event_type = 'Purchase') AS buyers,
        sum(paid) AS revenue,
        count(*) FILTER (event_type <> 'Impression') AS interactions
    FROM paid
    WHERE item_id IS NOT NULL AND NOT is_bot
    GROUP BY item_id, event_date
), of_exposures AS (
    SELECT
        item_id,
        event_date,
        count(*) AS exposures,
        count(clicked_at) AS clicked,
        count(DISTINCT user_key) AS exposed_users,
        sum("position") AS position_sum,
        count("position") AS positioned
    FROM exposures
    WHERE NOT is_bot
    GROUP BY item_id, event_date
), counted AS (
    SELECT item_id, event_date, coalesce(COLUMNS (* EXCLUDE (item_id, event_date)), 0)
    FROM of_events
    FULL JOIN of_exposures USING (item_id, event_date)
)
SELECT counted.*, category, brand
FROM counted
LEFT JOIN item_versions
    ON item_versions.item_id = counted.item_id
    AND valid_from < counted.event_date::DATE + 1
    AND (valid_to IS NULL OR valid_to >= counted.event_date::DATE + 1);
