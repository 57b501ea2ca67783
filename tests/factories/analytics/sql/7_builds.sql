-- What one run over the whole lake reads and keeps of the events of each day.
CREATE TEMP TABLE builds AS
WITH counted AS (
    SELECT
        strftime("timestamp", '%Y-%m-%d') AS event_date,
        count(*) AS rows_in
    FROM raw
    GROUP BY event_date
), copies AS (
    SELECT
        accepted.event_id,
        strftime(accepted."timestamp", '%Y-%m-%d') AS event_date,
        row(
            accepted.user_id, accepted.session_id, accepted.visitor_id, accepted.item_id, accepted."timestamp",
            accepted.event_type, accepted.event_value, accepted.quantity, accepted.currency, accepted.order_id,
            accepted.impression, accepted.positions, accepted.recommendation_id, accepted."position", accepted.slot,
            accepted.model, accepted.source, accepted.variation, accepted.device, accepted.properties,
            accepted.producer
        ) IS DISTINCT FROM row(
            kept.user_id, kept.session_id, kept.visitor_id, kept.item_id, kept."timestamp",
            kept.event_type, kept.event_value, kept.quantity, kept.currency, kept.order_id,
            kept.impression, kept.positions, kept.recommendation_id, kept."position", kept.slot,
            kept.model, kept.source, kept.variation, kept.device, kept.properties,
            kept.producer
        ) AS is_conflict
    FROM accepted
    JOIN kept USING (event_id)
), of_copies AS (
    SELECT event_date, count(*) AS accepted, count(*) FILTER (is_conflict) AS conflicts
    FROM copies
    GROUP BY event_date
), written AS (
    SELECT
        event_date,
        count(*) AS rows_out,
        count(*) FILTER (received_at::DATE > "timestamp"::DATE) AS late,
        count(*) FILTER (is_bot) AS bots
    FROM clean_events
    GROUP BY event_date
)
SELECT
    'reference' AS run_id,
    'clean_events' AS table_name,
    event_date,
    NULL AS window_from,
    NULL AS window_to,
    TIMESTAMP '$built_at' AS built_at,
    rows_in,
    coalesce(accepted, 0) - coalesce(rows_out, 0) AS duplicates,
    coalesce(conflicts, 0) AS conflicts,
    rows_in - coalesce(accepted, 0) AS refused,
    coalesce(late, 0) AS late,
    coalesce(bots, 0) AS bots,
    coalesce(rows_out, 0) AS rows_out,
    0 AS unaccounted,
    true AS rewritten,
    strftime(built_at, '%Y-%m-%d') AS run_date
FROM counted
LEFT JOIN of_copies USING (event_date)
LEFT JOIN written USING (event_date);
