-- Searches by day and term, and what followed in the visit before the next search and midnight UTC, bots left out
-- event_date string The day of the events, UTC.
-- term string The property query of the Search, trimmed and in lower case; NULL for a search without it.
-- searches bigint Searches.
-- users bigint Distinct users.
-- followed_by_click bigint Searches that a click follows.
-- followed_by_purchase bigint Searches that a purchase follows.
-- click_rate double followed_by_click / searches.
-- purchase_rate double followed_by_purchase / searches.
WITH numbered AS (
  SELECT
    event_date,
    visit,
    user_key,
    event_type,
    properties,
    count_if(event_type = 'Search') OVER (PARTITION BY event_date, visit ORDER BY visit_index) AS search
  FROM clean_events
  WHERE event_type IN ('Search', 'Click', 'Purchase')
    AND NOT coalesce(is_bot, false)
),

searched AS (
  SELECT
    event_date,
    max(CASE WHEN event_type = 'Search' THEN lower(trim(json_extract_scalar(properties, '$.query'))) END) AS term,
    max(CASE WHEN event_type = 'Search' THEN user_key END) AS user_key,
    count_if(event_type = 'Click') AS clicks,
    count_if(event_type = 'Purchase') AS purchases
  FROM numbered
  WHERE search > 0
  GROUP BY event_date, visit, search
)

SELECT
  event_date,
  term,
  count(*) AS searches,
  count(DISTINCT user_key) AS users,
  count_if(clicks > 0) AS followed_by_click,
  count_if(purchases > 0) AS followed_by_purchase,
  CAST(count_if(clicks > 0) AS double) / nullif(count(*), 0) AS click_rate,
  CAST(count_if(purchases > 0) AS double) / nullif(count(*), 0) AS purchase_rate
FROM searched
GROUP BY event_date, term
