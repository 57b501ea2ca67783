-- Sessions of the last 7 days that are marked as those of bots, with their events: leave them out by bot IS NOT TRUE
SELECT
  coalesce(session_id, user_id) AS marked,
  count(DISTINCT event_id) AS events,
  min("timestamp") AS first_event,
  max("timestamp") AS last_event
FROM events
WHERE ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
  AND bot
GROUP BY coalesce(session_id, user_id)
ORDER BY events DESC
LIMIT 100
