-- What arrived, what was kept, and what lacks, by day of the events, bots included
-- event_date string The day of the events, UTC; of bad_rows, the day of arrival.
-- raw bigint Rows of the raw lake in the hours of arrival that were curated.
-- duplicates bigint Of these, copies of other rows.
-- conflicts bigint Copies with another content, in the run that found the most; runs read overlapping windows.
-- refused bigint Of the raw rows, those that are no event; rows without a time belong to no day.
-- unaccounted bigint Raw rows in no other count, in the run with the most of them; not 0 where rows were lost.
-- clean bigint Events.
-- late_hour bigint Events that arrived more than an hour after they happened.
-- late_day bigint Events that arrived more than a day after they happened.
-- late_3_days bigint Events that arrived more than three days after they happened.
-- anonymous bigint Events whose user is a session without a log-in.
-- no_session bigint Events without a session.
-- clicks bigint Clicks.
-- clicks_without_list bigint Of these, those without recommendation_id.
-- clicks_without_exposure bigint Of those with one, those whose item was not seen in that list by the user.
-- bots bigint Events of bots.
-- bad_rows bigint Events and records that were refused before the lake, on the day of arrival.
WITH clean AS (
  SELECT
    e.event_date,
    count(*) AS clean,
    count_if(e.late_seconds > 3600) AS late_hour,
    count_if(e.late_seconds > 86400) AS late_day,
    count_if(e.late_seconds > 259200) AS late_3_days,
    count_if(e.user_key_from = 'session') AS anonymous,
    count_if(e.session_id IS NULL) AS no_session,
    count_if(e.event_type = 'Click') AS clicks,
    count_if(e.event_type = 'Click' AND e.recommendation_id IS NULL) AS clicks_without_list,
    count_if(e.event_type = 'Click' AND e.recommendation_id IS NOT NULL AND x.list_id IS NULL) AS clicks_without_exposure,
    count_if(e.is_bot) AS bots
  FROM clean_events e
  LEFT JOIN exposures x
    ON x.list_id = e.recommendation_id AND x.user_key = e.user_key AND x.item_id = e.item_id AND e.event_type = 'Click'
  GROUP BY e.event_date
),

arrived AS (
  SELECT
    event_date,
    sum(rows_in) AS raw_rows,
    sum(refused) AS refused
  FROM arrivals
  GROUP BY event_date
),

built AS (
  SELECT
    event_date,
    max(conflicts) AS conflicts,
    max_by(unaccounted, abs(unaccounted)) AS unaccounted
  FROM last_builds
  WHERE table_name = 'clean_events'
    AND event_date IS NOT NULL
  GROUP BY event_date
),

bad AS (
  SELECT
    ingest_date AS event_date,
    count(*) AS bad_rows
  FROM bad_rows
  GROUP BY ingest_date
),

days AS (
  SELECT event_date FROM clean
  UNION
  SELECT event_date FROM arrived
  UNION
  SELECT event_date FROM built
  UNION
  SELECT event_date FROM bad
)

SELECT
  d.event_date,
  coalesce(w.raw_rows, 0) AS raw,
  greatest(coalesce(w.raw_rows, 0) - coalesce(w.refused, 0) - coalesce(c.clean, 0), 0) AS duplicates,
  coalesce(b.conflicts, 0) AS conflicts,
  coalesce(w.refused, 0) AS refused,
  coalesce(b.unaccounted, 0) AS unaccounted,
  coalesce(c.clean, 0) AS clean,
  coalesce(c.late_hour, 0) AS late_hour,
  coalesce(c.late_day, 0) AS late_day,
  coalesce(c.late_3_days, 0) AS late_3_days,
  coalesce(c.anonymous, 0) AS anonymous,
  coalesce(c.no_session, 0) AS no_session,
  coalesce(c.clicks, 0) AS clicks,
  coalesce(c.clicks_without_list, 0) AS clicks_without_list,
  coalesce(c.clicks_without_exposure, 0) AS clicks_without_exposure,
  coalesce(c.bots, 0) AS bots,
  coalesce(r.bad_rows, 0) AS bad_rows
FROM days d
LEFT JOIN clean c ON c.event_date = d.event_date
LEFT JOIN arrived w ON w.event_date = d.event_date
LEFT JOIN built b ON b.event_date = d.event_date
LEFT JOIN bad r ON r.event_date = d.event_date
