-- Items added or bought, by the recommendation that they are attributed to, and those whose item was seen only, bots left out
-- event_date string The day of the conversion, UTC.
-- event_type string AddToCart or Purchase.
-- attributed_by string explicit (it names the recommendation), click (the last click within 7 days) or none.
-- model string The model of the list that it is attributed to.
-- source string The source of that list.
-- seen_model string Where attributed_by is none: the model of a list in which the item was seen within 24 hours before; never added to the attributed.
-- is_seen boolean Whether attributed_by is none and the item was seen so.
-- currency string Currency of value, ISO 4217.
-- conversions bigint Conversions.
-- value double Sum of their value, in currency.
-- conversions_share double conversions / those of the day, type and currency.
-- value_share double value / that of the day, type and currency.
-- median_hours double Median hours from the click to the conversion, approximate.
SELECT
  event_date,
  event_type,
  attributed_by,
  model,
  source,
  seen_model,
  seen_recommendation_id IS NOT NULL AS is_seen,
  currency,
  count(*) AS conversions,
  sum(value) AS value,
  CAST(count(*) AS double) / nullif(sum(count(*)) OVER (PARTITION BY event_date, event_type, currency), 0)
    AS conversions_share,
  sum(value) / nullif(sum(sum(value)) OVER (PARTITION BY event_date, event_type, currency), 0) AS value_share,
  approx_percentile(hours, 0.5) AS median_hours
FROM conversions
WHERE NOT coalesce(is_bot, false)
GROUP BY
  event_date, event_type, attributed_by, model, source, seen_model, seen_recommendation_id IS NOT NULL, currency
