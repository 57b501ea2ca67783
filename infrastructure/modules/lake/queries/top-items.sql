-- The 100 items with the most views over the last 7 days, with their additions to the cart and purchases
SELECT
  item_id,
  count(DISTINCT CASE WHEN event_type = 'View' THEN event_id END) AS views,
  count(DISTINCT CASE WHEN event_type = 'AddToCart' THEN event_id END) AS added_to_cart,
  count(DISTINCT CASE WHEN event_type = 'Purchase' THEN event_id END) AS purchases
FROM events
WHERE ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
  AND item_id IS NOT NULL
GROUP BY item_id
ORDER BY views DESC, item_id
LIMIT 100
