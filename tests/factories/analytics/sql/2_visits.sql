-- One row per visit. Money is in the reporting currency, where there is one.
CREATE TEMP TABLE paid AS
SELECT
    *,
    CASE
        WHEN event_type = 'Purchase' AND ($currency IS NULL OR coalesce(currency, $currency) = $currency) THEN value
    END AS paid
FROM clean_events;

CREATE TEMP TABLE visits AS
SELECT
    visit,
    first(user_key ORDER BY visit_index) AS user_key,
    any_value(session_id) AS session_id,
    min("timestamp") AS started_at,
    max("timestamp") AS ended_at,
    floor((epoch_ms(max("timestamp")) - epoch_ms(min("timestamp"))) / 1000)::BIGINT AS seconds,
    count(*) AS events,
    count(*) FILTER (event_type = 'Impression') AS impressions,
    count(*) FILTER (event_type = 'Search') AS searches,
    count(*) FILTER (event_type = 'View') AS views,
    count(*) FILTER (event_type = 'Click') AS clicks,
    count(*) FILTER (event_type = 'AddToCart') AS adds,
    count(*) FILTER (event_type = 'Purchase') AS purchases,
    count(DISTINCT order_id) FILTER (event_type = 'Purchase')
        + count(*) FILTER (event_type = 'Purchase' AND order_id IS NULL) AS orders,
    coalesce(sum(paid), 0) AS revenue,
    count(DISTINCT item_id) AS items,
    first(item_id ORDER BY visit_index) FILTER (item_id IS NOT NULL) AS first_item,
    last(item_id ORDER BY visit_index) FILTER (item_id IS NOT NULL) AS last_item,
    first(event_type ORDER BY visit_index) AS entry_type,
    events = 1 AS bounced,
    views >= $ENGAGED_VIEWS OR seconds >= $ENGAGED_SECONDS OR adds + purchases > 0 AS engaged,
    bool_or(recommendation_id IS NOT NULL) AS from_recommendation,
    bool_or(is_long) AS is_long,
    bool_or(is_bot) AS is_bot,
    strftime(started_at, '%Y-%m-%d') AS event_date
FROM paid
GROUP BY visit;
