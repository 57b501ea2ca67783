-- The items as of now, one row per item
-- item_id string The item.
-- title string Its title.
-- category string Its category; levels or several values joined by "|".
-- brand string Its brand.
-- price double Its price in the shop's currency.
-- availability string Whether it can be bought.
-- created_at timestamp When it was created, UTC.
-- properties string Anything else, a flat JSON object.
-- valid_from timestamp When this version arrived, UTC.
SELECT
  item_id,
  title,
  category,
  brand,
  price,
  availability,
  created_at,
  properties,
  valid_from
FROM item_versions
WHERE is_current
