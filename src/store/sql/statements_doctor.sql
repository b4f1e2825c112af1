-- What `doctor` asks, in the SQL that all backends understand: enough to name the first few, and to count up to a thousand.

-- name: examine_definitions
SELECT key, name, version, text FROM cloacina_definition ORDER BY key;
-- name: examine_workflows
SELECT name FROM cloacina_workflow w WHERE NOT EXISTS (SELECT 1 FROM cloacina_definition d WHERE d.key = w.current) LIMIT 1000;
-- name: examine_orphans
SELECT DISTINCT t.id >> 16 FROM cloacina_task t
WHERE NOT EXISTS (SELECT 1 FROM cloacina_execution e WHERE e.key = t.id >> 16) LIMIT 1000;
-- name: examine_undefined
SELECT id FROM cloacina_execution e WHERE NOT EXISTS (SELECT 1 FROM cloacina_definition d WHERE d.key = e.definition) LIMIT 1000;
-- name: examine_working
SELECT id FROM cloacina_execution e WHERE status >= 3 AND EXISTS
  (SELECT 1 FROM cloacina_task t WHERE t.id BETWEEN e.key << 16 AND (e.key << 16) | 65535 AND t.state IN (1, 2, 3, 9)) LIMIT 1000;
-- name: examine_timeless
SELECT id FROM cloacina_execution WHERE status >= 3 AND finished_at IS NULL LIMIT 1000;
-- name: examine_unheld
SELECT DISTINCT e.id FROM cloacina_task t JOIN cloacina_execution e ON e.key = t.id >> 16 WHERE t.state = 4 AND NOT EXISTS
  (SELECT 1 FROM cloacina_runner r WHERE r.key = t.runner) LIMIT 1000;
-- name: examine_delays
SELECT DISTINCT e.id FROM cloacina_task t JOIN cloacina_execution e ON e.key = t.id >> 16
WHERE t.state = 2 AND t.wake_at IS NULL LIMIT 1000;
-- name: examine_firings
SELECT DISTINCT schedule FROM cloacina_firing f WHERE NOT EXISTS (SELECT 1 FROM cloacina_schedule s WHERE s.key = f.schedule) LIMIT 1000;
-- name: examine_attempts
SELECT DISTINCT a.task >> 16 FROM cloacina_attempt a WHERE NOT EXISTS (SELECT 1 FROM cloacina_task t WHERE t.id = a.task) LIMIT 1000;
-- name: examine_gates
-- The first that waits in a gate in which none is open: nobody's end lets it begin.
SELECT e.id FROM cloacina_execution e WHERE e.key IN
  (SELECT min(key) FROM cloacina_execution WHERE gate IS NOT NULL AND status < 3
   GROUP BY gate HAVING sum(CASE WHEN waiting = 1 AND status <> 2 THEN 0 ELSE 1 END) = 0) LIMIT 1000;
