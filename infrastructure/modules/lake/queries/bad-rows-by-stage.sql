-- Refused records of the last 7 days by day and the stage that refused them, with the events whose id is known
SELECT
  ingest_date,
  written_by,
  count(*) AS rows_refused,
  count(DISTINCT event_id) AS events,
  count(DISTINCT reason) AS reasons,
  min(schema_version) AS oldest_version
FROM bad_rows
WHERE ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
GROUP BY ingest_date, written_by
ORDER BY ingest_date DESC, written_by
