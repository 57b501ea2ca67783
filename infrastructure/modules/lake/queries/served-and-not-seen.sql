-- Lists of the last 7 days that the API answered, and how many of them no Impression or Click shows as seen, by route, model and source
WITH seen AS (
  SELECT DISTINCT recommendation_id
  FROM events
  WHERE ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
    AND recommendation_id IS NOT NULL
    AND (event_type = 'Impression' OR (event_type = 'Click' AND cardinality(impression) > 0))
)

SELECT
  l.route,
  l.model,
  l.source,
  count(DISTINCT l.served_id) AS lists,
  count(DISTINCT CASE WHEN s.recommendation_id IS NULL THEN l.served_id END) AS not_seen,
  count(DISTINCT CASE WHEN l.recommendation_id IS NULL THEN l.served_id END) AS without_id
FROM served_lists l
LEFT JOIN seen s ON s.recommendation_id = l.recommendation_id
WHERE l.ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
GROUP BY l.route, l.model, l.source
ORDER BY lists DESC, l.route, l.model, l.source
