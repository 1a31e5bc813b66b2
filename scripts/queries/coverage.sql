-- How complete is this? By account, region and day of delivery: objects, events, what came late or again, what could not be used.
-- An object is late here whose last event is more than six hours older than its delivery.
SELECT
  account_id, region, delivery_date,
  count(CASE WHEN status = 'done' THEN 1 END) AS objects,
  count(CASE WHEN status = 'digest' THEN 1 END) AS digests,
  count(CASE WHEN status NOT IN ('done', 'digest', 'foreign') THEN 1 END) AS unread,
  coalesce(sum(written), 0) AS written, coalesce(sum(duplicates), 0) AS redelivered, coalesce(sum(rejected), 0) AS rejected,
  count(CASE WHEN last_event_time < delivery_time - INTERVAL '6' HOUR THEN 1 END) AS late_objects,
  coalesce(sum(CASE WHEN last_event_time < delivery_time - INTERVAL '6' HOUR THEN written END), 0) AS late_events
FROM objects
WHERE delivery_date BETWEEN DATE '2026-08-01' AND DATE '2026-08-31'
  AND account_id IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
