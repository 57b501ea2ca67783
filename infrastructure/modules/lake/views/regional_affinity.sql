-- The share of a region's users to whom an item was recommended in the last 7 days, in a sample of 50 users a region
-- region string State or region, as the users' records have it.
-- item_id string The item.
-- sampled bigint Users of the region in the sample, of those for whom a list was served in the period; the same users each time.
-- users bigint Of these, those with the item in a list that was served for them, whether or not they saw it.
-- match_rate double users / sampled.
-- low double Lower end of the 95 % interval of match_rate, by Wilson.
-- high double Upper end of the 95 % interval of match_rate, by Wilson.
-- affinity string high from a match_rate of 0.8 on, medium from 0.4 on, else low.
WITH recommended AS (
  SELECT DISTINCT
    l.user_id,
    t.item_id
  FROM served_lists l
  CROSS JOIN UNNEST(l.items) AS t (item_id)
  WHERE l.user_id IS NOT NULL
    AND l.ingest_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
),

numbered AS (
  SELECT
    u.region,
    u.user_id,
    row_number() OVER (PARTITION BY u.region ORDER BY to_hex(md5(to_utf8(u.user_id))), u.user_id) AS place
  FROM users_current u
  WHERE u.region IS NOT NULL
    AND u.user_id IN (SELECT user_id FROM recommended)
),

sizes AS (
  SELECT
    region,
    count(*) AS sampled
  FROM numbered
  WHERE place <= 50
  GROUP BY region
),

matches AS (
  SELECT
    n.region,
    r.item_id,
    count(*) AS users
  FROM numbered n
  INNER JOIN recommended r ON r.user_id = n.user_id
  WHERE n.place <= 50
  GROUP BY n.region, r.item_id
),

shares AS (
  SELECT
    m.region,
    m.item_id,
    s.sampled,
    m.users,
    CAST(m.users AS double) / nullif(s.sampled, 0) AS match_rate,
    CAST(s.sampled AS double) AS n,
    CAST(3.841459 AS double) AS z2
  FROM matches m
  INNER JOIN sizes s ON s.region = m.region
)

SELECT
  region,
  item_id,
  sampled,
  users,
  match_rate,
  (match_rate + z2 / (2 * n) - sqrt(z2 * (match_rate * (1 - match_rate) + z2 / (4 * n)) / n)) / (1 + z2 / n) AS low,
  (match_rate + z2 / (2 * n) + sqrt(z2 * (match_rate * (1 - match_rate) + z2 / (4 * n)) / n)) / (1 + z2 / n) AS high,
  CASE WHEN match_rate >= 0.8 THEN 'high' WHEN match_rate >= 0.4 THEN 'medium' ELSE 'low' END AS affinity
FROM shares
