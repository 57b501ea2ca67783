-- Delay between event and arrival over the last 7 days: number and share of events by class of delay
SELECT
  delay,
  count(*) AS events,
  round(100e0 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM (
  SELECT
    CASE
      WHEN date_diff('second', "timestamp", received_at) < 60 THEN '1: under a minute'
      WHEN date_diff('second', "timestamp", received_at) < 3600 THEN '2: under an hour'
      WHEN date_diff('second', "timestamp", received_at) < 86400 THEN '3: under a day'
      ELSE '4: a day or more'
    END AS delay
  FROM events
  WHERE ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
)
GROUP BY delay
ORDER BY delay
