-- Events and distinct users per day of arrival and type, over the last 30 days
SELECT
  ingest_date,
  event_type,
  count(DISTINCT event_id) AS events,
  count(DISTINCT coalesce(user_id, session_id)) AS users
FROM events
WHERE ingest_date >= date_format(current_date - interval '30' day, '%Y-%m-%d')
GROUP BY ingest_date, event_type
ORDER BY ingest_date DESC, events DESC
