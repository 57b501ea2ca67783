-- The 100 items with the most views over the last 7 days, with their additions to the cart, purchases and revenue
SELECT
  item_id,
  sum(views) AS views,
  sum(adds) AS added_to_cart,
  sum(purchases) AS purchases,
  sum(revenue) AS revenue
FROM item_days
WHERE event_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
GROUP BY item_id
ORDER BY views DESC, item_id
LIMIT 100
