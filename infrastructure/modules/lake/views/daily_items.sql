-- Views, additions to the cart and purchases by item and day of the events, bots left out
-- event_date string The day of the events, UTC.
-- ingest_date string event_date; the name is deprecated.
-- item_id string The item.
-- views bigint Views.
-- added_to_cart bigint Times added to a cart.
-- purchases bigint Purchases.
SELECT
  event_date,
  event_date AS ingest_date,
  item_id,
  count_if(event_type = 'View') AS views,
  count_if(event_type = 'AddToCart') AS added_to_cart,
  count_if(event_type = 'Purchase') AS purchases
FROM clean_events
WHERE item_id IS NOT NULL
  AND NOT coalesce(is_bot, false)
GROUP BY event_date, item_id
