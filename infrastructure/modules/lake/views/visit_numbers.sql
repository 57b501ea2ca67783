-- The number of each visit among those of its user, bots left out
-- event_date string The day of the visit's first event, UTC.
-- visit string The visit.
-- user_key string The user of its first event.
-- started_at timestamp Time of its first event, UTC.
-- visit_number bigint 1 for the user's first visit.
SELECT
  event_date,
  visit,
  user_key,
  started_at,
  row_number() OVER (PARTITION BY user_key ORDER BY started_at, visit) AS visit_number
FROM visits
WHERE NOT coalesce(is_bot, false)
