-- Retention of the users who logged in, by their first day in a period
-- parameters: first day, last day
SELECT
  first_date,
  n,
  size,
  active,
  rate
FROM retention
WHERE NOT anonymous
  AND first_date BETWEEN ? AND ?
ORDER BY first_date, n
