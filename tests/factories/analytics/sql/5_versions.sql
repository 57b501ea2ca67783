-- Versions of items and users: a record with another content than the one before it starts a version.
CREATE TEMP MACRO arrivals(lines) AS TABLE
WITH split AS (
    SELECT filename, last_modified, unnest(string_split(content, chr(10))) AS line,
           generate_subscripts(string_split(content, chr(10)), 1) AS number
    FROM query_table(lines)
)
SELECT
    line,
    coalesce(
        try_cast(line ->> '$$.received_at' AS TIMESTAMP),
        date_trunc('milliseconds', last_modified::TIMESTAMP)
    ) AS valid_from,
    filename,
    number
FROM split
WHERE json_valid(line);

CREATE TEMP TABLE item_versions AS
WITH records AS (
    SELECT
        line ->> '$$.item_id' AS item_id,
        line ->> '$$.title' AS title,
        line ->> '$$.category' AS category,
        line ->> '$$.brand' AS brand,
        try_cast(line ->> '$$.price' AS DOUBLE) AS price,
        line ->> '$$.availability' AS availability,
        try_cast(line ->> '$$.created_at' AS TIMESTAMP) AS created_at,
        line ->> '$$.properties' AS properties,
        valid_from, filename, number
    FROM arrivals(lake_items)
    WHERE item_id <> ''
), last_lines AS (
    SELECT *, row(title, category, brand, price, availability, created_at, properties) AS content
    FROM records
    QUALIFY row_number() OVER (PARTITION BY item_id, valid_from ORDER BY filename DESC, number DESC) = 1
), changes AS (
    SELECT *
    FROM last_lines
    QUALIFY content IS DISTINCT FROM lag(content) OVER (PARTITION BY item_id ORDER BY valid_from)
)
SELECT
    *,
    lead(valid_from) OVER (PARTITION BY item_id ORDER BY valid_from) AS valid_to,
    valid_to IS NULL AS is_current
FROM changes;

CREATE TEMP TABLE user_versions AS
WITH records AS (
    SELECT
        line ->> '$$.user_id' AS user_id,
        line ->> '$$.age_group' AS age_group,
        line ->> '$$.gender' AS gender,
        line ->> '$$.interests' AS interests,
        line ->> '$$.membership' AS membership,
        line ->> '$$.country' AS country,
        line ->> '$$.region' AS region,
        line ->> '$$.city' AS city,
        line ->> '$$.device' AS device,
        try_cast(line ->> '$$.created_at' AS TIMESTAMP) AS created_at,
        valid_from, filename, number
    FROM arrivals(lake_users)
    WHERE user_id <> ''
), last_lines AS (
    SELECT *, row(age_group, gender, interests, membership, country, region, city, device, created_at) AS content
    FROM records
    QUALIFY row_number() OVER (PARTITION BY user_id, valid_from ORDER BY filename DESC, number DESC) = 1
), changes AS (
    SELECT *
    FROM last_lines
    QUALIFY content IS DISTINCT FROM lag(content) OVER (PARTITION BY user_id ORDER BY valid_from)
)
SELECT
    *,
    lead(valid_from) OVER (PARTITION BY user_id ORDER BY valid_from) AS valid_to,
    valid_to IS NULL AS is_current
FROM changes;
