-- Users by ISO week: new, retained, returned and churned, without anonymous users and bots
-- week string The Monday of the week, YYYY-MM-DD, UTC.
-- active bigint Users with an event in the week.
-- new_users bigint Of these, those whose first week it is.
-- retained bigint Of these, those who were active in the week before too.
-- returned bigint Of these, those who were active before, but not in the week before.
-- churned bigint Users who were active in the week before and not in this one; NULL while the week is not over.
WITH weeks AS (
  SELECT DISTINCT
    user_key,
    date_trunc('week', date(event_date)) AS week
  FROM user_days
  WHERE NOT anonymous
    AND NOT coalesce(is_bot, false)
),

ordered AS (
  SELECT
    user_key,
    week,
    lag(week) OVER (PARTITION BY user_key ORDER BY week) AS previous,
    lead(week) OVER (PARTITION BY user_key ORDER BY week) AS following
  FROM weeks
),

states AS (
  SELECT
    week,
    CASE
      WHEN previous IS NULL THEN 'new'
      WHEN previous = date_add('week', -1, week) THEN 'retained'
      ELSE 'returned'
    END AS state
  FROM ordered

  UNION ALL

  SELECT
    date_add('week', 1, week) AS week,
    'churned' AS state
  FROM ordered
  WHERE (following IS NULL OR following > date_add('week', 1, week))
    AND date_add('week', 1, week) <= current_date
)

SELECT
  date_format(week, '%Y-%m-%d') AS week,
  count_if(state <> 'churned') AS active,
  count_if(state = 'new') AS new_users,
  count_if(state = 'retained') AS retained,
  count_if(state = 'returned') AS returned,
  CASE WHEN date_add('week', 1, week) <= current_date THEN count_if(state = 'churned') END AS churned
FROM states
GROUP BY week
