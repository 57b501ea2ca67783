-- Visits of the last 7 days that are a bot's, with their events: every view but data_quality leaves them out
SELECT
  user_key,
  visit,
  events,
  started_at,
  ended_at
FROM visits
WHERE event_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
  AND is_bot
ORDER BY events DESC, visit
LIMIT 100
