-- From a view to a purchase by day, over all items of a visit (any_item) and over each item of it (same_item)
-- event_date string The day of the events, UTC; a visit over midnight counts on both days.
-- variant string any_item counts visits; same_item counts pairs of a visit and an item.
-- entered bigint Visits, or pairs, with an event.
-- viewed bigint Of these, those with a view.
-- clicked bigint Those with a click, whether or not a view follows.
-- added bigint Of those viewed, those that add an item to the cart after the first view.
-- bought bigint Of those added, those with a purchase after the first addition.
-- viewed_rate double viewed / entered.
-- added_rate double added / viewed.
-- bought_rate double bought / added.
-- overall_rate double bought / entered.
-- seconds_to_add double Median seconds from the first view to the addition, approximate.
-- seconds_to_buy double Median seconds from the addition to the purchase, approximate.
WITH placed AS (
  SELECT
    e.event_date,
    v.variant,
    e.visit,
    CASE WHEN v.variant = 'same_item' THEN e.item_id END AS item_id,
    e.event_type,
    e.visit_index,
    e."timestamp" AS happened_at
  FROM clean_events e
  CROSS JOIN UNNEST(ARRAY['any_item', 'same_item']) AS v (variant)
  WHERE NOT coalesce(e.is_bot, false)
    AND (v.variant = 'any_item' OR e.item_id IS NOT NULL)
),

viewed AS (
  SELECT
    *,
    min(CASE WHEN event_type = 'View' THEN visit_index END)
      OVER (PARTITION BY event_date, variant, visit, item_id) AS view_index
  FROM placed
),

added AS (
  SELECT
    *,
    min(CASE WHEN event_type = 'AddToCart' AND visit_index > view_index THEN visit_index END)
      OVER (PARTITION BY event_date, variant, visit, item_id) AS add_index
  FROM viewed
),

bought AS (
  SELECT
    *,
    min(CASE WHEN event_type = 'Purchase' AND visit_index > add_index THEN visit_index END)
      OVER (PARTITION BY event_date, variant, visit, item_id) AS buy_index
  FROM added
),

steps AS (
  SELECT
    event_date,
    variant,
    count_if(event_type = 'Click') AS clicks,
    min(CASE WHEN visit_index = view_index THEN happened_at END) AS viewed_at,
    min(CASE WHEN visit_index = add_index THEN happened_at END) AS added_at,
    min(CASE WHEN visit_index = buy_index THEN happened_at END) AS bought_at
  FROM bought
  GROUP BY event_date, variant, visit, item_id
)

SELECT
  event_date,
  variant,
  count(*) AS entered,
  count(viewed_at) AS viewed,
  count_if(clicks > 0) AS clicked,
  count(added_at) AS added,
  count(bought_at) AS bought,
  CAST(count(viewed_at) AS double) / nullif(count(*), 0) AS viewed_rate,
  CAST(count(added_at) AS double) / nullif(count(viewed_at), 0) AS added_rate,
  CAST(count(bought_at) AS double) / nullif(count(added_at), 0) AS bought_rate,
  CAST(count(bought_at) AS double) / nullif(count(*), 0) AS overall_rate,
  approx_percentile(CAST(date_diff('millisecond', viewed_at, added_at) AS double) / 1000, 0.5) AS seconds_to_add,
  approx_percentile(CAST(date_diff('millisecond', added_at, bought_at) AS double) / 1000, 0.5) AS seconds_to_buy
FROM steps
GROUP BY event_date, variant
