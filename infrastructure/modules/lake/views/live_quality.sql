-- How varied, how even and how new the items are that users saw, by day and model, bots left out
-- event_date string The day on which the items were seen, UTC.
-- model string The model of the lists.
-- exposures bigint Items seen, once per list and user.
-- items_exposed bigint Distinct items seen.
-- active_items bigint Distinct items with an event or an exposure in the 30 days that end with the day.
-- coverage double items_exposed / active_items.
-- entropy double Entropy of the items' shares of the exposures, in bits.
-- gini double Gini coefficient of the exposures over the active items: 0 where each has as many, towards 1 where few have all.
-- novelty double Mean over the exposures of -log2 of the item's share of the interactions of these 30 days, in bits; an item without one counts as having one; NULL where no item has one.
-- new_item_share double Share of the exposures whose item was created in these 30 days, not later, of those whose item has a time of creation.
WITH shown AS (
  SELECT
    event_date,
    model,
    item_id,
    count(*) AS exposures
  FROM exposures
  WHERE NOT coalesce(is_bot, false)
  GROUP BY event_date, model, item_id
),

days AS (
  SELECT DISTINCT
    event_date,
    date_format(date_add('day', -30, date(event_date)), '%Y-%m-%d') AS day_before
  FROM shown
),

recent AS (
  SELECT
    d.event_date,
    i.item_id,
    sum(i.interactions) AS interactions
  FROM days d
  INNER JOIN item_days i ON i.event_date > d.day_before AND i.event_date <= d.event_date
  GROUP BY d.event_date, i.item_id
),

totals AS (
  SELECT
    event_date,
    count(*) AS active_items,
    sum(interactions) AS interactions
  FROM recent
  GROUP BY event_date
),

created AS (
  SELECT
    item_id,
    min(created_at) AS created_at
  FROM item_versions
  GROUP BY item_id
),

ranked AS (
  SELECT
    s.event_date,
    s.model,
    CAST(s.exposures AS double) AS exposures,
    CAST(sum(s.exposures) OVER (PARTITION BY s.event_date, s.model) AS double) AS all_exposures,
    row_number() OVER (PARTITION BY s.event_date, s.model ORDER BY s.exposures, s.item_id) AS place,
    count(*) OVER (PARTITION BY s.event_date, s.model) AS items_exposed,
    t.active_items,
    log2(CAST(nullif(t.interactions, 0) AS double) / greatest(coalesce(r.interactions, 0), 1)) AS novelty,
    c.created_at >= date_add('day', -29, date(s.event_date))
      AND c.created_at < date_add('day', 1, date(s.event_date)) AS is_new
  FROM shown s
  LEFT JOIN recent r ON r.event_date = s.event_date AND r.item_id = s.item_id
  LEFT JOIN totals t ON t.event_date = s.event_date
  LEFT JOIN created c ON c.item_id = s.item_id
)

SELECT
  event_date,
  model,
  CAST(sum(exposures) AS bigint) AS exposures,
  count(*) AS items_exposed,
  max(active_items) AS active_items,
  CAST(count(*) AS double) / nullif(max(active_items), 0) AS coverage,
  sum(exposures / all_exposures * log2(all_exposures / exposures)) AS entropy,
  sum((2 * (place + active_items - items_exposed) - active_items - 1) * exposures)
    / nullif(max(active_items) * sum(exposures), 0) AS gini,
  sum(exposures * novelty) / nullif(sum(exposures), 0) AS novelty,
  sum(CASE WHEN is_new THEN exposures ELSE 0 END)
    / nullif(sum(CASE WHEN is_new IS NOT NULL THEN exposures END), 0) AS new_item_share
FROM ranked
GROUP BY event_date, model
