-- The rows of the raw lake by the hour of their arrival and the day of their events.
CREATE TEMP TABLE arrivals AS
SELECT
    date_trunc('hour', received_at) AS arrived_at,
    count(*) AS rows_in,
    count(*) FILTER (
        event_id IS NULL OR event_type IS NULL OR coalesce(user_id, session_id) IS NULL
        OR consent IS NOT DISTINCT FROM 'denied'
    ) AS refused,
    strftime("timestamp", '%Y-%m-%d') AS event_date
FROM raw
WHERE "timestamp" IS NOT NULL
GROUP BY ALL;
