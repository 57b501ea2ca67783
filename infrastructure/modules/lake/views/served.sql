-- Lists that the API answered, and how many of them a user saw, by day, route, model and source
-- event_date string The day on which the record of the list arrived, UTC.
-- route string The route of the API that served the list.
-- model string The campaign that gave the list.
-- source string recommender, cache, last_good, popular, chosen, facts, chosen_and_facts.
-- lists bigint Lists; each answer is one.
-- seen bigint Of these, those of which a user saw an item.
-- not_seen bigint Of these, those of which no user saw an item.
-- without_id bigint Lists without recommendation_id, which no exposure can name; among not_seen.
-- seen_share double seen / lists.
WITH lists AS (
  SELECT DISTINCT
    ingest_date AS event_date,
    served_id,
    route,
    model,
    source,
    recommendation_id
  FROM served_lists
),

shown AS (
  SELECT DISTINCT recommendation_id
  FROM exposures
  WHERE recommendation_id IS NOT NULL
    AND NOT coalesce(is_bot, false)
)

SELECT
  l.event_date,
  l.route,
  l.model,
  l.source,
  count(DISTINCT l.served_id) AS lists,
  count(DISTINCT CASE WHEN s.recommendation_id IS NOT NULL THEN l.served_id END) AS seen,
  count(DISTINCT CASE WHEN s.recommendation_id IS NULL THEN l.served_id END) AS not_seen,
  count(DISTINCT CASE WHEN l.recommendation_id IS NULL THEN l.served_id END) AS without_id,
  CAST(count(DISTINCT CASE WHEN s.recommendation_id IS NOT NULL THEN l.served_id END) AS double)
    / nullif(count(DISTINCT l.served_id), 0) AS seen_share
FROM lists l
LEFT JOIN shown s ON s.recommendation_id = l.recommendation_id
GROUP BY l.event_date, l.route, l.model, l.source
