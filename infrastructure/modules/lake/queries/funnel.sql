-- Number of sessions of the last 7 days with a view, then an item in the cart, then a purchase
WITH sessions AS (
  SELECT
    coalesce(session_id, user_id) AS session,
    min(CASE WHEN event_type = 'View' THEN "timestamp" END) AS viewed_at,
    max(CASE WHEN event_type = 'AddToCart' THEN "timestamp" END) AS added_at,
    max(CASE WHEN event_type = 'Purchase' THEN "timestamp" END) AS bought_at
  FROM events
  WHERE ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
  GROUP BY coalesce(session_id, user_id)
)

SELECT
  count(*) AS sessions,
  count(viewed_at) AS viewed,
  count(CASE WHEN added_at >= viewed_at THEN 1 END) AS viewed_then_added,
  count(CASE WHEN bought_at >= added_at AND added_at >= viewed_at THEN 1 END) AS viewed_then_added_then_bought
FROM sessions
