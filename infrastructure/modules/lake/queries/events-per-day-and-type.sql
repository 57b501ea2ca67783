-- Events and distinct users per day of the events and type, over the last 30 days
SELECT
  event_date,
  event_type,
  events,
  people AS users
FROM daily_events
WHERE event_date >= date_format(current_date - interval '30' day, '%Y-%m-%d')
ORDER BY event_date DESC, events DESC, event_type
