-- Distinct events and users per day of arrival and type
SELECT
  ingest_date,
  event_type,
  count(DISTINCT event_id) AS events,
  count(DISTINCT coalesce(user_id, session_id)) AS people
FROM events
GROUP BY ingest_date, event_type
