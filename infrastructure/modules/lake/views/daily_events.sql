-- Events and users by day of the events and type, bots left out
-- event_date string The day of the events, UTC.
-- ingest_date string event_date; the name is deprecated.
-- event_type string The type of event.
-- events bigint Events.
-- people bigint Distinct users by user_key.
SELECT
  event_date,
  event_date AS ingest_date,
  event_type,
  count(*) AS events,
  count(DISTINCT user_key) AS people
FROM clean_events
WHERE NOT coalesce(is_bot, false)
GROUP BY event_date, event_type
