-- The last build of each table, day and window, so that a window that was built twice counts once
-- run_date string The day of the run, UTC.
-- run_id string The run.
-- table_name string The curated table.
-- event_date string The day of the events; NULL for a table without days, and for rows without a time.
-- window_from timestamp First arrival of the run's window; NULL for all.
-- window_to timestamp End of the window, excluded; NULL for all.
-- built_at timestamp When the run ended, UTC.
-- rows_in bigint Rows read.
-- duplicates bigint Rows whose event is in another row.
-- conflicts bigint Of the duplicates, those with another content than the row that was kept.
-- refused bigint Rows that are no event.
-- late bigint Rows written that arrived on a later day than they happened.
-- bots bigint Rows written that are a bot's.
-- rows_out bigint Rows written.
-- unaccounted bigint rows_in - duplicates - refused - rows_out; not 0 where rows were lost.
-- rewritten boolean Whether the day's files were replaced.
WITH ordered AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY table_name, event_date, window_from, window_to
      ORDER BY built_at DESC, run_id DESC
    ) AS place
  FROM builds
)

SELECT
  run_date,
  run_id,
  table_name,
  event_date,
  window_from,
  window_to,
  built_at,
  rows_in,
  duplicates,
  conflicts,
  refused,
  late,
  bots,
  rows_out,
  unaccounted,
  rewritten
FROM ordered
WHERE place = 1
