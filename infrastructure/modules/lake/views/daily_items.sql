-- Distinct views, additions to the cart and purchases per item and day of arrival
SELECT
  ingest_date,
  item_id,
  count(DISTINCT CASE WHEN event_type = 'View' THEN event_id END) AS views,
  count(DISTINCT CASE WHEN event_type = 'AddToCart' THEN event_id END) AS added_to_cart,
  count(DISTINCT CASE WHEN event_type = 'Purchase' THEN event_id END) AS purchases
FROM events
WHERE item_id IS NOT NULL
GROUP BY ingest_date, item_id
