-- A day of the shop: users, visits, events, orders, revenue, and the share of late events, bots left out
-- event_date string The day of the events, UTC.
-- users bigint Users with an event.
-- new_users bigint Of these, those whose first day it is.
-- returning_users bigint Of these, those with an earlier day.
-- anonymous_users bigint Of these, sessions without a log-in.
-- visits bigint Visits that started on the day.
-- engaged bigint Of these, those with two views, 10 seconds, or an item added or bought.
-- bounced bigint Of these, those of one event.
-- events bigint Events.
-- searches bigint Searches.
-- views bigint Views.
-- clicks bigint Clicks.
-- adds bigint Items added to the cart.
-- purchases bigint Purchases; an order of several items has several.
-- orders bigint Orders.
-- buyers bigint Users with a purchase.
-- revenue double Sum of value of the purchases, in the reporting currency.
-- conversion_rate double Visits with a purchase / visits.
-- order_value double revenue / orders.
-- late_share double Share of the events that arrived more than an hour after they happened.
WITH first_days AS (
  SELECT
    user_key,
    min(event_date) AS first_date
  FROM user_days
  WHERE NOT coalesce(is_bot, false)
  GROUP BY user_key
),

users AS (
  SELECT
    d.event_date,
    count(*) AS users,
    count_if(d.event_date = f.first_date) AS new_users,
    count_if(d.anonymous) AS anonymous_users,
    sum(d.events) AS events,
    sum(d.searches) AS searches,
    sum(d.views) AS views,
    sum(d.clicks) AS clicks,
    sum(d.adds) AS adds,
    sum(d.purchases) AS purchases,
    sum(d.orders) AS orders,
    count_if(d.purchases > 0) AS buyers,
    sum(d.revenue) AS revenue
  FROM user_days d
  INNER JOIN first_days f ON f.user_key = d.user_key
  WHERE NOT coalesce(d.is_bot, false)
  GROUP BY d.event_date
),

started AS (
  SELECT
    event_date,
    count(*) AS visits,
    count_if(engaged) AS engaged,
    count_if(bounced) AS bounced,
    count_if(purchases > 0) AS converted
  FROM visits
  WHERE NOT coalesce(is_bot, false)
  GROUP BY event_date
),

arrived AS (
  SELECT
    event_date,
    CAST(count_if(late_seconds > 3600) AS double) / nullif(count(*), 0) AS late_share
  FROM clean_events
  WHERE NOT coalesce(is_bot, false)
  GROUP BY event_date
)

SELECT
  u.event_date,
  u.users,
  u.new_users,
  u.users - u.new_users AS returning_users,
  u.anonymous_users,
  coalesce(v.visits, 0) AS visits,
  coalesce(v.engaged, 0) AS engaged,
  coalesce(v.bounced, 0) AS bounced,
  u.events,
  u.searches,
  u.views,
  u.clicks,
  u.adds,
  u.purchases,
  u.orders,
  u.buyers,
  u.revenue,
  CAST(v.converted AS double) / nullif(v.visits, 0) AS conversion_rate,
  u.revenue / nullif(u.orders, 0) AS order_value,
  a.late_share
FROM users u
LEFT JOIN started v ON v.event_date = u.event_date
LEFT JOIN arrived a ON a.event_date = u.event_date
