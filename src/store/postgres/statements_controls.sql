-- Statements of pause, resume and retry by hand; see statements.sql.

-- name: hold_tasks
-- The time of a delayed task is kept for the resume.
UPDATE cloacina_task SET state = 3 WHERE id BETWEEN $1::bigint << 16 AND ($1 << 16) | 65535 AND state IN (1, 2, 9);

-- name: pause_execution
UPDATE cloacina_execution SET status = 2, odd = 2, pause_reason = $2::text WHERE key = $1::bigint;

-- name: resume_execution
UPDATE cloacina_execution SET status = $2::bigint, odd = NULL, pause_reason = NULL WHERE key = $1::bigint;

-- name: release_held
UPDATE cloacina_task SET state = $2::bigint, wake_at = $3::bigint WHERE id = $1::bigint;

-- name: reset_task
-- A retry from above: as if never started, but the fence and the numbers of runs go on. The counters hold what the parents that are not
-- run again have ended as.
INSERT INTO cloacina_task (id, state, definition, rank, due_at, done, completed, failed)
VALUES ($1::bigint, 0, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint)
ON CONFLICT (id) DO UPDATE SET state = 0, wake_at = NULL, failures = 0, crashes = 0, done = excluded.done, completed = excluded.completed,
                               failed = excluded.failed, runner = NULL, started_at = NULL, finished_at = NULL, changes = NULL, error = NULL,
                               deferred = NULL;

-- name: reopen_execution
UPDATE cloacina_execution SET status = 1, odd = NULL, open_leaves = $2::bigint, failed = $3::bigint, retried = 1, error = NULL,
                              finished_at = NULL, waiting = 0, open_gate = gate, started_at = coalesce(started_at, $4::bigint),
                              deadline_at = NULL
WHERE key = $1::bigint;
