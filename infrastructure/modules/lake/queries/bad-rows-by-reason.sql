-- Refused events of the last 7 days by source, reason, and the first invalid field with its rule
SELECT
  source,
  reason,
  element_at(errors, 1).field AS first_field,
  element_at(errors, 1).rule AS first_rule,
  count(*) AS rows_refused,
  max(received_at) AS last_seen
FROM bad_rows
WHERE ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
GROUP BY source, reason, element_at(errors, 1).field, element_at(errors, 1).rule
ORDER BY rows_refused DESC
