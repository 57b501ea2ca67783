-- The users of the experiments of the last 28 days, with what they saw, clicked and bought since, bots left out
-- user_key string The user.
-- variation string The variation of the user's first exposure.
-- first_exposed timestamp Time of that exposure, UTC.
-- first_date string The day of that exposure.
-- last_date string The day of the last exposure.
-- exposures bigint Items seen in lists with a variation.
-- clicks bigint Of these, those that were clicked.
-- purchases bigint Purchases from first_date to the last day of the period with an exposure.
-- revenue double Sum of their value, in the reporting currency.
-- contaminated boolean Whether the user saw two variations, and is left out of the comparison.
WITH shown AS (
  SELECT
    user_key,
    event_date,
    shown_at,
    variation,
    clicked_at
  FROM exposures
  WHERE variation IS NOT NULL
    AND NOT coalesce(is_bot, false)
    AND event_date >= date_format(current_date - interval '28' day, '%Y-%m-%d')
),

users AS (
  SELECT
    user_key,
    min_by(variation, shown_at) AS variation,
    min(shown_at) AS first_exposed,
    min(event_date) AS first_date,
    max(event_date) AS last_date,
    count(*) AS exposures,
    count(clicked_at) AS clicks,
    count(DISTINCT variation) > 1 AS contaminated
  FROM shown
  GROUP BY user_key
),

bought AS (
  SELECT
    u.user_key,
    sum(d.purchases) AS purchases,
    sum(d.revenue) AS revenue
  FROM users u
  INNER JOIN user_days d ON d.user_key = u.user_key AND d.event_date >= u.first_date
  WHERE d.event_date <= (SELECT max(event_date) FROM shown)
  GROUP BY u.user_key
)

SELECT
  u.user_key,
  u.variation,
  u.first_exposed,
  u.first_date,
  u.last_date,
  u.exposures,
  u.clicks,
  coalesce(b.purchases, 0) AS purchases,
  coalesce(b.revenue, 0) AS revenue,
  u.contaminated
FROM users u
LEFT JOIN bought b ON b.user_key = u.user_key
