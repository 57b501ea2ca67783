-- Events of the last 7 days with more than one copy in the lake, the most frequent first
SELECT
  event_id,
  count(*) AS copies,
  min(received_at) AS first_received_at,
  max(received_at) AS last_received_at
FROM events
WHERE ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
GROUP BY event_id
HAVING count(*) > 1
ORDER BY copies DESC, event_id
LIMIT 1000
