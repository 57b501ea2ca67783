-- Users who are active again on day n after their first day, up to 90 days, bots left out
-- first_date string The first day of the users, UTC.
-- n bigint Days after the first day.
-- anonymous boolean Whether the users are sessions without a log-in, which cannot be active again under another session.
-- size bigint Users whose first day it is.
-- active bigint Of these, those with an event on exactly that day; NULL while it is not over.
-- rate double active / size; NULL while the day is not over.
WITH active_days AS (
  SELECT
    user_key,
    anonymous,
    event_date
  FROM user_days
  WHERE NOT coalesce(is_bot, false)
),

users AS (
  SELECT
    user_key,
    anonymous,
    min(event_date) AS first_date
  FROM active_days
  GROUP BY user_key, anonymous
),

cohorts AS (
  SELECT
    first_date,
    anonymous,
    count(*) AS size
  FROM users
  GROUP BY first_date, anonymous
),

active AS (
  SELECT
    u.first_date,
    u.anonymous,
    date_diff('day', date(u.first_date), date(d.event_date)) AS n,
    count(*) AS active
  FROM active_days d
  INNER JOIN users u ON u.user_key = d.user_key AND u.anonymous = d.anonymous
  GROUP BY u.first_date, u.anonymous, date_diff('day', date(u.first_date), date(d.event_date))
),

days AS (
  SELECT
    c.first_date,
    c.anonymous,
    c.size,
    t.n,
    date_add('day', t.n, date(c.first_date)) < current_date AS is_over
  FROM cohorts c
  CROSS JOIN UNNEST(sequence(0, greatest(0, least(90, date_diff('day', date(c.first_date), current_date))))) AS t (n)
)

SELECT
  d.first_date,
  d.n,
  d.anonymous,
  d.size,
  CASE WHEN d.is_over THEN coalesce(a.active, 0) END AS active,
  CASE WHEN d.is_over THEN CAST(coalesce(a.active, 0) AS double) / nullif(d.size, 0) END AS rate
FROM days d
LEFT JOIN active a ON a.first_date = d.first_date AND a.anonymous = d.anonymous AND a.n = d.n
