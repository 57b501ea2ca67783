-- Visits, and pairs of a visit and an item, of the last 7 days with a view, then an addition to the cart, then a purchase
SELECT
  event_date,
  variant,
  entered,
  viewed,
  clicked,
  added,
  bought,
  round(100.0 * overall_rate, 2) AS overall_percent,
  seconds_to_add,
  seconds_to_buy
FROM funnel
WHERE event_date >= date_format(current_date - interval '7' day, '%Y-%m-%d')
ORDER BY event_date DESC, variant
