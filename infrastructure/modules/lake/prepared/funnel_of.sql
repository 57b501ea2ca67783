-- The funnel of each variant by day over a period, of the items of a category, one level as the items have it; '' for all items
-- parameters: first day, last day, category
WITH clean_events AS (
  SELECT e.*
  FROM clean_events e
  LEFT JOIN items_current i ON i.item_id = e.item_id
  WHERE e.event_date BETWEEN ? AND ?
    AND contains(concat(ARRAY[''], split(coalesce(i.category, ''), '|')), ?)
)

SELECT *
FROM (
${funnel}
) f
ORDER BY event_date, variant
