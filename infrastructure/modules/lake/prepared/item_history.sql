-- An item's days in a period
-- parameters: item, first day, last day
SELECT
  event_date,
  category,
  brand,
  views,
  viewers,
  clicks,
  adds,
  purchases,
  units,
  buyers,
  revenue,
  exposures,
  clicked,
  CAST(clicked AS double) / nullif(exposures, 0) AS ctr,
  exposed_users,
  CAST(position_sum AS double) / nullif(positioned, 0) AS mean_position
FROM item_days
WHERE item_id = ?
  AND event_date BETWEEN ? AND ?
ORDER BY event_date
