-- One row per event: the first copy, its user, its visit, its place in the visit and whether it is a bot's.
SET default_null_order = 'NULLS_FIRST';

CREATE TEMP TABLE raw AS
SELECT * REPLACE (coalesce(received_at, strptime(ingest_date || ' ' || ingest_hour, '%Y-%m-%d %H')) AS received_at)
FROM (FROM no_events UNION ALL BY NAME FROM lake_events);

CREATE TEMP TABLE accepted AS
SELECT *
FROM raw
WHERE event_id IS NOT NULL
  AND "timestamp" IS NOT NULL
  AND event_type IS NOT NULL
  AND (user_id IS NOT NULL OR session_id IS NOT NULL)
  AND consent IS DISTINCT FROM 'denied';

CREATE TEMP TABLE kept AS
SELECT *
FROM accepted
QUALIFY row_number() OVER (
    PARTITION BY event_id
    ORDER BY received_at, user_id, session_id, visitor_id, item_id, "timestamp", event_type, event_value, quantity,
             currency, order_id, impression, positions, recommendation_id, "position", slot, model, source, variation,
             device, properties, producer
) = 1;

CREATE TEMP TABLE owned AS
WITH logins AS (
    SELECT
        *,
        CASE WHEN session_id IS NOT NULL AND event_type <> 'Impression' THEN user_id END AS login
    FROM kept
), of_sessions AS (
    SELECT
        *,
        last_value(login IGNORE NULLS) OVER (
            PARTITION BY session_id ORDER BY "timestamp", event_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS login_before,
        first_value(login IGNORE NULLS) OVER (
            PARTITION BY session_id ORDER BY "timestamp", event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS first_login,
        CASE
            WHEN length('session#' || session_id) <= $MAX_ID_LENGTH THEN 'session#' || session_id
            ELSE 'session#' || sha256(session_id)
        END AS anonymous
    FROM logins
)
SELECT
    of_sessions.*,
    coalesce(user_id, login_before, first_login, anonymous) AS user_key,
    CASE
        WHEN user_id IS NOT NULL THEN 'user'
        WHEN first_login IS NOT NULL THEN 'login'
        ELSE 'session'
    END AS user_key_from,
    coalesce(rank, $OTHER_RANK) AS event_rank
FROM of_sessions LEFT JOIN event_ranks USING (event_type);

-- The parts of sessions: each begins with the first event that is as old as a visit may be.
CREATE TEMP TABLE parts AS
WITH RECURSIVE chain AS (
    SELECT session_id, min("timestamp") AS started, 1 AS part
    FROM owned
    WHERE session_id IS NOT NULL
    GROUP BY session_id
    UNION ALL
    SELECT chain.session_id, min(owned."timestamp"), part + 1
    FROM chain
    JOIN owned
        ON owned.session_id = chain.session_id
        AND owned."timestamp" >= chain.started + INTERVAL ($MAX_VISIT_HOURS) HOUR
    GROUP BY chain.session_id, part
)
SELECT
    session_id,
    started,
    's#' || session_id || CASE WHEN part = 1 AND session_id NOT LIKE '%#%' THEN '' ELSE '#' || part END AS visit,
    count(*) OVER (PARTITION BY session_id) > 1 AS is_long
FROM chain;

CREATE TEMP TABLE visited AS
WITH gaps AS (
    SELECT
        *,
        coalesce(
            "timestamp" - lag("timestamp") OVER (PARTITION BY user_key ORDER BY "timestamp", event_rank, event_id)
                > INTERVAL ($VISIT_GAP_MINUTES) MINUTE,
            true
        ) AS starts
    FROM owned
    WHERE session_id IS NULL
), numbered AS (
    SELECT
        *,
        sum(starts::INT) OVER (
            PARTITION BY user_key ORDER BY "timestamp", event_rank, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS number
    FROM gaps
)
SELECT owned.*, visit, is_long
FROM owned ASOF JOIN parts ON owned.session_id = parts.session_id AND owned."timestamp" >= parts.started
UNION ALL BY NAME
SELECT
    * EXCLUDE (starts, number),
    'u#' || user_key || '#' || epoch_ms(min("timestamp") OVER (PARTITION BY user_key, number)) AS visit,
    false AS is_long
FROM numbered;

CREATE TEMP TABLE fast_visits AS
SELECT DISTINCT visit
FROM (
    SELECT
        visit,
        count(item_id) OVER (
            PARTITION BY visit ORDER BY epoch_ms("timestamp") RANGE BETWEEN 59999 PRECEDING AND CURRENT ROW
        ) AS in_a_minute
    FROM visited
)
WHERE in_a_minute > $BOT_EVENTS_PER_MINUTE;

CREATE TEMP TABLE heavy_days AS
SELECT user_key, "timestamp"::DATE AS day
FROM visited
GROUP BY ALL
HAVING count(item_id) > $BOT_EVENTS_PER_DAY;

CREATE TEMP TABLE clean_events AS
SELECT
    * EXCLUDE (consent),
    strftime("timestamp", '%Y-%m-%d') AS event_date,
    row_number() OVER (PARTITION BY visit ORDER BY "timestamp", event_rank, event_id) AS visit_index,
    CASE
        WHEN event_type IN ('AddToCart', 'Purchase') AND abs(event_value * coalesce(quantity, 1)) < $MAX_AMOUNT
            THEN event_value * coalesce(quantity, 1)
    END AS value,
    floor((epoch_ms(received_at) - epoch_ms("timestamp")) / 1000) AS late_seconds,
    is_long
        OR visit IN (FROM fast_visits)
        OR (user_key, "timestamp"::DATE) IN (SELECT (user_key, day) FROM heavy_days) AS is_bot
FROM visited;
