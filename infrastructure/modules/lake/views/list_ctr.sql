-- Click-through of lists by day, slot, model, source and variation, bots left out
-- event_date string The day on which an item of the list was first seen, UTC.
-- slot string The place of the list in the shop.
-- model string The model of the list.
-- source string The source of the list.
-- variation string The variation of an experiment.
-- lists bigint Lists that a user saw, once per list and user; without those that only a click implies, which are clicked by definition.
-- clicked_lists bigint Of these, those with a click.
-- list_ctr double clicked_lists / lists.
-- exposures bigint Items seen in them.
-- clicked bigint Of these, those with a click within 24 hours.
-- item_ctr double clicked / exposures.
WITH lists AS (
  SELECT
    event_date,
    slot,
    model,
    source,
    variation,
    list_id,
    user_key,
    count(*) AS exposures,
    count(clicked_at) AS clicked
  FROM exposures
  WHERE NOT coalesce(is_bot, false)
    AND NOT coalesce(implied, false)
  GROUP BY event_date, slot, model, source, variation, list_id, user_key
)

SELECT
  event_date,
  slot,
  model,
  source,
  variation,
  count(*) AS lists,
  count_if(clicked > 0) AS clicked_lists,
  CAST(count_if(clicked > 0) AS double) / nullif(count(*), 0) AS list_ctr,
  sum(exposures) AS exposures,
  sum(clicked) AS clicked,
  CAST(sum(clicked) AS double) / nullif(sum(exposures), 0) AS item_ctr
FROM lists
GROUP BY event_date, slot, model, source, variation
