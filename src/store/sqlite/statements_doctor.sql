-- What else `doctor` asks.

-- name: examine_future
SELECT id FROM cloacina_execution WHERE submitted_at > ?1 LIMIT 1000;
-- name: examine_executions
SELECT key, id, definition, status, open_leaves, failed, waiting, input FROM cloacina_execution
WHERE key > ?1 AND status < 3 ORDER BY key LIMIT ?2;
-- name: examine_tasks
SELECT id & 65535, state, done, completed, failed, changes FROM cloacina_task WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535;
-- name: examine_objects
SELECT name FROM sqlite_schema;
