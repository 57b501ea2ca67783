-- A user's events in a period, also those of sessions before the log-in, for a request of access
-- parameters: user, first day, last day
SELECT
  "timestamp",
  event_type,
  item_id,
  event_value,
  quantity,
  currency,
  order_id,
  recommendation_id,
  position,
  slot,
  model,
  source,
  variation,
  impression,
  properties,
  device,
  session_id,
  visitor_id,
  visit,
  user_key_from,
  producer,
  received_at,
  event_id,
  is_bot
FROM clean_events
WHERE user_key = ?
  AND event_date BETWEEN ? AND ?
ORDER BY "timestamp", event_rank, event_id
