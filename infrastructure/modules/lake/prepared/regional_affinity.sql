-- The share of a region's users to whom each item was recommended in a period, in a sample of 50 users
-- parameters: region, first day, last day
WITH wanted AS (
  SELECT ? AS region
)

SELECT a.*
FROM (
${regional_affinity}
) a
INNER JOIN wanted w ON w.region = a.region
ORDER BY a.match_rate DESC, a.item_id
