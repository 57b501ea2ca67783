-- One row per item added to a cart or bought, with the list that it is attributed to.
CREATE TEMP TABLE converted AS
SELECT *
FROM clean_events
WHERE event_type IN ('AddToCart', 'Purchase');

CREATE TEMP TABLE last_clicks AS
SELECT
    converted.event_id AS conversion,
    clicks.event_id AS click,
    clicks."timestamp" AS clicked_at
FROM converted
JOIN clean_events AS clicks
    ON clicks.event_type = 'Click'
    AND clicks.recommendation_id IS NOT NULL
    AND clicks.user_key = converted.user_key
    AND clicks.item_id = converted.item_id
    AND clicks."timestamp" <= converted."timestamp"
    AND clicks."timestamp" >= converted."timestamp" - INTERVAL ($ATTRIBUTION_DAYS) DAY
QUALIFY row_number() OVER (
    PARTITION BY converted.event_id ORDER BY clicks."timestamp" DESC, clicks.event_id DESC
) = 1;

-- The event that names the list: the conversion itself, or else the click.
CREATE TEMP TABLE credited AS
SELECT
    converted.event_id AS conversion,
    naming.event_id IS DISTINCT FROM converted.event_id AS by_click,
    CASE WHEN by_click THEN last_clicks.clicked_at END AS clicked_at,
    naming.* EXCLUDE (event_id)
FROM converted
LEFT JOIN last_clicks ON last_clicks.conversion = converted.event_id
JOIN clean_events AS naming
    ON naming.event_id = CASE
        WHEN converted.recommendation_id IS NOT NULL THEN converted.event_id
        ELSE last_clicks.click
    END;

CREATE TEMP TABLE attributed AS
SELECT
    credited.conversion,
    CASE WHEN by_click THEN 'click' ELSE 'explicit' END AS attributed_by,
    credited.recommendation_id,
    coalesce(credited.slot, exposures.slot) AS slot,
    coalesce(credited.position, exposures.position) AS position,
    coalesce(credited.model, exposures.model) AS model,
    coalesce(credited.source, exposures.source) AS source,
    coalesce(credited.variation, exposures.variation) AS variation,
    credited.clicked_at
FROM credited
LEFT JOIN exposures
    ON exposures.list_id = credited.recommendation_id
    AND exposures.user_key = credited.user_key
    AND exposures.item_id = credited.item_id
    AND exposures.shown_at <= credited."timestamp"
    AND exposures.shown_at >= credited."timestamp" - CASE
        WHEN by_click THEN INTERVAL ($CLICK_THROUGH_HOURS) HOUR
        ELSE INTERVAL ($ATTRIBUTION_DAYS) DAY
    END;

CREATE TEMP TABLE seen_before AS
SELECT
    converted.event_id AS conversion,
    exposures.recommendation_id AS seen_recommendation_id,
    exposures.model AS seen_model,
    exposures.shown_at AS seen_at
FROM converted
JOIN exposures
    ON exposures.recommendation_id IS NOT NULL
    AND exposures.user_key = converted.user_key
    AND exposures.item_id = converted.item_id
    AND exposures.shown_at <= converted."timestamp"
    AND exposures.shown_at >= converted."timestamp" - INTERVAL ($VIEW_THROUGH_HOURS) HOUR
WHERE converted.event_id NOT IN (SELECT conversion FROM attributed)
QUALIFY row_number() OVER (
    PARTITION BY converted.event_id ORDER BY exposures.shown_at DESC, exposures.list_id DESC
) = 1;

CREATE TEMP TABLE conversions AS
SELECT
    converted.event_id,
    converted.event_type,
    converted.user_key,
    converted.visit,
    converted.item_id,
    converted.order_id,
    coalesce(converted.quantity, 1) AS quantity,
    converted.value,
    converted.currency,
    converted."timestamp" AS converted_at,
    coalesce(attributed_by, 'none') AS attributed_by,
    attributed.* EXCLUDE (conversion, attributed_by),
    (epoch_ms(converted."timestamp") - epoch_ms(attributed.clicked_at)) / 3600000 AS hours,
    seen_before.* EXCLUDE (conversion),
    visits.is_bot,
    converted.event_date
FROM converted
LEFT JOIN attributed ON attributed.conversion = converted.event_id
LEFT JOIN seen_before ON seen_before.conversion = converted.event_id
JOIN visits ON visits.visit = converted.visit;
