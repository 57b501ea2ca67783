-- A list as it was served on a day, item by item: who saw it, clicked it, added it to the cart and bought it
-- parameters: recommendation id, day on which it was served
WITH served AS (
  SELECT DISTINCT
    l.recommendation_id,
    l.route,
    l.model,
    l.version,
    t.item_id,
    t.position
  FROM served_lists l
  CROSS JOIN UNNEST(l.items) WITH ORDINALITY AS t (item_id, position)
  WHERE l.recommendation_id = ?
    AND l.ingest_date = ?
),

followed AS (
  SELECT
    recommendation_id,
    user_key,
    item_id,
    min(CASE WHEN event_type = 'AddToCart' THEN converted_at END) AS added_at,
    min(CASE WHEN event_type = 'Purchase' THEN converted_at END) AS bought_at,
    sum(CASE WHEN event_type = 'Purchase' THEN value END) AS value
  FROM conversions
  WHERE attributed_by IN ('explicit', 'click')
  GROUP BY recommendation_id, user_key, item_id
)

SELECT
  s.position,
  s.item_id,
  s.route,
  s.model,
  s.version,
  e.user_key,
  e.slot,
  e.position AS seen_position,
  e.shown_at,
  e.times,
  e.clicked_at,
  f.added_at,
  f.bought_at,
  f.value
FROM served s
LEFT JOIN exposures e ON e.recommendation_id = s.recommendation_id AND e.item_id = s.item_id
LEFT JOIN followed f
  ON f.recommendation_id = e.recommendation_id AND f.user_key = e.user_key AND f.item_id = e.item_id
ORDER BY s.position, e.shown_at, e.user_key
