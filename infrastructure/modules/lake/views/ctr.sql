-- Click-through of items by day, slot, model, source, variation and position, and what followed, bots left out
-- event_date string The day on which the item was first seen, UTC.
-- slot string The place of the list in the shop.
-- model string The model of the list.
-- source string The source of the list.
-- variation string The variation of an experiment.
-- position bigint The place of the item, from 1; rates fall with it whatever is shown, so compare within a position.
-- exposures bigint Items seen, once per list and user; without lists that only a click implies, which are clicked by definition.
-- clicked bigint Of these, those with a click within 24 hours.
-- ctr double clicked / exposures.
-- added bigint Exposures whose item was added to the cart and attributed to the list.
-- bought bigint Exposures whose item was bought and attributed to the list.
-- value double Value of these purchases; NULL where they have several currencies.
-- currency string Currency of value, ISO 4217.
-- users bigint Distinct users.
-- lists bigint Distinct lists.
WITH followed AS (
  SELECT
    recommendation_id,
    user_key,
    item_id,
    count_if(event_type = 'AddToCart') AS adds,
    count_if(event_type = 'Purchase') AS purchases,
    sum(CASE WHEN event_type = 'Purchase' THEN value END) AS value,
    min(CASE WHEN event_type = 'Purchase' THEN currency END) AS first_currency,
    max(CASE WHEN event_type = 'Purchase' THEN currency END) AS last_currency
  FROM conversions
  WHERE attributed_by IN ('explicit', 'click')
    AND NOT coalesce(is_bot, false)
  GROUP BY recommendation_id, user_key, item_id
)

SELECT
  e.event_date,
  e.slot,
  e.model,
  e.source,
  e.variation,
  e.position,
  count(*) AS exposures,
  count(e.clicked_at) AS clicked,
  CAST(count(e.clicked_at) AS double) / nullif(count(*), 0) AS ctr,
  count_if(f.adds > 0) AS added,
  count_if(f.purchases > 0) AS bought,
  CASE WHEN coalesce(min(f.first_currency) = max(f.last_currency), true) THEN sum(f.value) END AS value,
  CASE WHEN min(f.first_currency) = max(f.last_currency) THEN min(f.first_currency) END AS currency,
  count(DISTINCT e.user_key) AS users,
  count(DISTINCT e.list_id) AS lists
FROM exposures e
LEFT JOIN followed f
  ON f.recommendation_id = e.recommendation_id AND f.user_key = e.user_key AND f.item_id = e.item_id
WHERE NOT coalesce(e.is_bot, false)
  AND NOT coalesce(e.implied, false)
GROUP BY e.event_date, e.slot, e.model, e.source, e.variation, e.position
