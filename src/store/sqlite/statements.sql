-- Every statement of the writing connection, and of the reading ones, by name. Times are microseconds since 1970.

-- name: begin
BEGIN IMMEDIATE;
-- name: begin_read
BEGIN;
-- name: commit
COMMIT;
-- name: rollback
ROLLBACK;
-- name: savepoint
SAVEPOINT cloacina;
-- name: back_to_savepoint
ROLLBACK TO cloacina;
-- name: release_savepoint
RELEASE cloacina;

-- name: load_execution
SELECT id, definition, status, priority, due_at, open_leaves, failed, retried, error, started_at IS NOT NULL,
       coalesce(gate, 0), waiting
FROM cloacina_execution WHERE key = ?1;

-- name: load_free_execution
-- Unless somebody else has it in hand: here nobody can.
SELECT id, definition, status, priority, due_at, open_leaves, failed, retried, error, started_at IS NOT NULL,
       coalesce(gate, 0), waiting
FROM cloacina_execution WHERE key = ?1;

-- name: peek_execution
-- Without a lock.
SELECT id, definition, retried, status FROM cloacina_execution WHERE key = ?1;

-- name: find_execution
SELECT key FROM cloacina_execution WHERE id = ?1;

-- name: find_unique_key
SELECT key, id FROM cloacina_execution WHERE unique_key = ?1;

-- name: insert_execution
-- No row: there is one with that id or that key. A key is never given again, also when the newest execution was deleted: runners
-- remember executions by their keys.
INSERT INTO cloacina_execution (key, id, workflow, definition, status, priority, unique_key, submitted_at, due_at, deadline_at, open_leaves,
                                input)
VALUES ((SELECT max(coalesce((SELECT max(key) FROM cloacina_execution), 0),
             coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'cloacina_execution'), 0)) + 1),
        ?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING RETURNING key;

-- name: insert_scheduled
INSERT INTO cloacina_execution (key, id, workflow, definition, status, priority, submitted_at, due_at, deadline_at, open_leaves, input,
                                schedule, slot, gate, gate_max, waiting)
VALUES ((SELECT max(coalesce((SELECT max(key) FROM cloacina_execution), 0),
             coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'cloacina_execution'), 0)) + 1),
        ?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) RETURNING key;

-- name: start_execution
-- The first claim of one of its tasks.
UPDATE cloacina_execution SET status = 1, started_at = ?2 WHERE key = ?1 AND status = 0;

-- name: save_execution
-- What a turn changed of a touched execution.
UPDATE cloacina_execution SET status = ?2, open_leaves = ?3, failed = ?4, error = ?5, finished_at = ?6 WHERE key = ?1;

-- name: load_task
SELECT state, fence, crashes FROM cloacina_task WHERE id = ?1;

-- name: complete_task
-- The fence says that the claim still holds; zero rows changed means that it was lost.
UPDATE cloacina_task SET state = 5, started_at = ?3, finished_at = ?4, changes = ?5
WHERE id = ?1 AND fence = ?2 AND state = 4;

-- name: end_task
-- Failed (6) or Cancelled (8), for good.
UPDATE cloacina_task SET state = ?3, started_at = ?4, finished_at = ?5, error = ?6, failures = failures + ?7, crashes = crashes + ?8
WHERE id = ?1 AND fence = ?2 AND state = 4;

-- name: requeue_task
-- A retry, a task given back, or one whose runner died.
UPDATE cloacina_task SET state = ?3, due_at = ?4, wake_at = ?5, failures = failures + ?6, crashes = crashes + ?7, number = number - ?8,
                         started_at = NULL, error = ?9, deferred = CASE WHEN ?10 IS NULL THEN deferred ELSE nullif(?10, '') END
WHERE id = ?1 AND fence = ?2 AND state = 4;

-- name: insert_attempt
INSERT OR REPLACE INTO cloacina_attempt (task, number, status, runner, fence, started_at, finished_at, error, exit)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: insert_output
INSERT OR REPLACE INTO cloacina_output (task, number, stream, text, truncated) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: count_dependency
-- Adds to the counters of a task that has several parents; the first parent to end makes the row.
INSERT INTO cloacina_task (id, state, definition, rank, due_at, done, completed, failed) VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET done = done + excluded.done, completed = completed + excluded.completed, failed = failed + excluded.failed
RETURNING done, completed, failed, state;

-- name: skip_task
INSERT INTO cloacina_task (id, state, definition, rank, due_at, error, finished_at) VALUES (?1, 7, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (id) DO UPDATE SET state = 7, error = excluded.error, finished_at = excluded.finished_at;

-- name: queue_task
-- Ready, delayed or held: whatever cannot be claimed in the turn in which it may run.
INSERT INTO cloacina_task (id, state, definition, rank, due_at, wake_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, wake_at = excluded.wake_at;

-- name: claim_new
-- A task that becomes ready and is claimed in one turn never enters the queue.
INSERT INTO cloacina_task (id, state, definition, rank, due_at, runner, started_at, fence, number) VALUES (?1, 4, ?2, ?3, ?4, ?5, ?6, 1, 1)
ON CONFLICT (id) DO UPDATE SET state = 4, due_at = excluded.due_at, wake_at = NULL, runner = excluded.runner,
                               started_at = excluded.started_at, finished_at = NULL, error = NULL, fence = fence + 1, number = number + 1
RETURNING fence, number, failures, crashes, deferred;

-- name: claim_first
-- As claim_new where the task cannot have a row yet.
INSERT INTO cloacina_task (id, state, definition, rank, due_at, runner, started_at, fence, number) VALUES (?1, 4, ?2, ?3, ?4, ?5, ?6, 1, 1);

-- name: claim_queued
UPDATE cloacina_task SET state = 4, wake_at = NULL, runner = ?2, started_at = ?3, finished_at = NULL, error = NULL, fence = fence + 1,
                         number = number + 1
WHERE id = ?1 RETURNING fence, number, failures, crashes, deferred;

-- name: ready_definitions
-- Jumps from one to the next in the index.
WITH RECURSIVE d (definition) AS (
  SELECT min(definition) FROM cloacina_task WHERE state = 1
  UNION ALL
  SELECT (SELECT min(t.definition) FROM cloacina_task t WHERE t.state = 1 AND t.definition > d.definition) FROM d WHERE d.definition IS NOT NULL
)
SELECT definition FROM d WHERE definition IS NOT NULL;

-- name: ready
-- Priority, then due time, then first come. A run of the index, no sorting.
SELECT id, rank, due_at FROM cloacina_task INDEXED BY cloacina_task_ready WHERE state = 1 AND definition = ?1
ORDER BY rank, due_at, id LIMIT ?2;

-- name: last_chance
SELECT id, definition FROM cloacina_task INDEXED BY cloacina_task_last_chance WHERE state = 9 AND definition >= ?1
ORDER BY definition, rank, due_at, id LIMIT 100;

-- name: take_last_chance
-- Unless somebody else takes it.
SELECT 1 FROM cloacina_task WHERE id = ?1 AND state = 9;

-- name: wake_delayed
SELECT id, crashes FROM cloacina_task WHERE state = 2 AND wake_at <= ?1 ORDER BY wake_at LIMIT ?2;

-- name: wake_task
UPDATE cloacina_task SET state = ?2, wake_at = NULL WHERE id = ?1;

-- name: next_wake
SELECT min(wake_at) FROM cloacina_task WHERE state = 2;

-- name: next_deadline
SELECT min(deadline_at) FROM cloacina_execution WHERE deadline_at IS NOT NULL AND status < 3;

-- name: past_deadline
SELECT key FROM cloacina_execution WHERE deadline_at IS NOT NULL AND status < 3 AND deadline_at <= ?1 ORDER BY deadline_at LIMIT 100;

-- name: running_of_runner
SELECT id, fence, number, crashes, started_at FROM cloacina_task WHERE state = 4 AND runner = ?1;

-- name: check_claim
-- Whether a claim still holds and is to be worked on.
SELECT 1 FROM cloacina_task t JOIN cloacina_execution e ON e.key = t.id >> 16 WHERE t.id = ?1 AND t.fence = ?2 AND t.state = 4 AND e.status < 3;

-- name: running_of_execution
SELECT id, fence FROM cloacina_task WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535 AND state = 4;

-- name: tasks_of_execution
-- Tasks of one execution lie side by side.
SELECT id & 65535, state, fence, number, failures, crashes, runner, started_at, finished_at, wake_at, error, due_at,
       deferred
FROM cloacina_task WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535 ORDER BY id;

-- name: outcome_of_execution
SELECT id & 65535, state, error FROM cloacina_task WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535 AND state IN (5, 6);

-- name: changes_of_execution
SELECT id & 65535, changes FROM cloacina_task WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535 AND state = 5 AND changes IS NOT NULL;

-- name: input_of_execution
SELECT input FROM cloacina_execution WHERE key = ?1;

-- name: cancel_waiting_tasks
UPDATE cloacina_task SET state = 8, wake_at = NULL, finished_at = ?2
WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535 AND state IN (0, 1, 2, 3, 9);

-- name: hold_tasks
-- The time of a delayed task is kept for the resume.
UPDATE cloacina_task SET state = 3 WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535 AND state IN (1, 2, 9);

-- name: pause_execution
UPDATE cloacina_execution SET status = 2, pause_reason = ?2 WHERE key = ?1;

-- name: resume_execution
UPDATE cloacina_execution SET status = ?2, pause_reason = NULL WHERE key = ?1;

-- name: release_held
UPDATE cloacina_task SET state = ?2, wake_at = ?3 WHERE id = ?1;

-- name: reset_task
-- A retry from above: as if never started, but the fence and the numbers of runs go on. The counters hold what the parents that are not
-- run again have ended as.
INSERT INTO cloacina_task (id, state, definition, rank, due_at, done, completed, failed) VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET state = 0, wake_at = NULL, failures = 0, crashes = 0, done = excluded.done, completed = excluded.completed,
                               failed = excluded.failed, runner = NULL, started_at = NULL, finished_at = NULL, changes = NULL, error = NULL,
                               deferred = NULL;

-- name: reopen_execution
UPDATE cloacina_execution SET status = 1, open_leaves = ?2, failed = ?3, retried = 1, error = NULL, finished_at = NULL, waiting = 0,
                              started_at = coalesce(started_at, ?4), deadline_at = NULL
WHERE key = ?1;

-- name: insert_event
INSERT INTO cloacina_event (execution, at, position, kind, detail, actor) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: definition_by_key
SELECT text FROM cloacina_definition WHERE key = ?1;
-- name: definition_by_version
SELECT key FROM cloacina_definition WHERE version = ?1;
-- name: insert_definition
INSERT INTO cloacina_definition (name, version, text, only_commands, registered_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING;
-- name: set_current
INSERT INTO cloacina_workflow (name, current) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET current = excluded.current;
-- name: set_placeholder
-- Unless somebody has registered it meanwhile.
INSERT INTO cloacina_workflow (name, current) SELECT ?1, key FROM cloacina_definition WHERE version = ?2 ON CONFLICT DO NOTHING;
-- name: lock_current
-- The current version cannot change before the end of the transaction.
SELECT key, current FROM cloacina_workflow WHERE name = ?1;
-- name: current_of
SELECT current FROM cloacina_workflow WHERE name = ?1;
-- name: workflow_by_name
SELECT key FROM cloacina_workflow WHERE name = ?1;
-- name: current_definitions
SELECT current FROM cloacina_workflow ORDER BY name;

-- name: insert_runner
INSERT INTO cloacina_runner (id, name, host, pid, workers, any_commands, started_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING key;
-- name: renew_lease
-- Leases are no more than locks here. Whether it had run out.
SELECT 0 FROM cloacina_runner WHERE key = ?1 AND ?2 IS NOT ?3;
-- name: describe_runner
UPDATE cloacina_runner SET knows = ?2, written_off = ?3 WHERE key = ?1;
-- name: close_runner
UPDATE cloacina_runner SET stopped_at = ?2, died = ?3 WHERE key = ?1 AND stopped_at IS NULL;
-- name: may_claim
-- A process that has lost its lock is not there to ask.
SELECT 1 WHERE ?1 IS NOT NULL;
-- name: next_death
-- Leases are no more than locks here.
SELECT NULL WHERE ?1 IS NULL;
-- name: open_runners
SELECT key FROM cloacina_runner WHERE stopped_at IS NULL;
-- name: runner_name
SELECT name FROM cloacina_runner WHERE key = ?1;
-- name: runners
SELECT key, id, name, host, pid, workers, any_commands, written_off, knows, started_at, NULL, NULL FROM cloacina_runner
WHERE stopped_at IS NULL
ORDER BY key;
-- name: held_by
SELECT t.id & 65535, e.id, e.definition FROM cloacina_task t JOIN cloacina_execution e ON e.key = t.id >> 16
WHERE t.state = 4 AND t.runner = ?1 ORDER BY t.id;

-- name: data_version
PRAGMA data_version;

-- name: get_execution
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE id = ?1;
-- name: status_of_execution
SELECT status FROM cloacina_execution WHERE id = ?1;
-- name: attempts_of_execution
SELECT task & 65535, number, status, runner, fence, started_at, finished_at, error, exit FROM cloacina_attempt
WHERE task BETWEEN ?1 << 16 AND (?1 << 16) | 65535 ORDER BY task, number;
-- name: events_of_execution
SELECT at, position, kind, detail, actor FROM cloacina_event WHERE execution = ?1 ORDER BY key;
-- name: output_of_execution
SELECT task & 65535, number, stream, text, truncated FROM cloacina_output WHERE task BETWEEN ?1 << 16 AND (?1 << 16) | 65535
ORDER BY task, number, stream;

-- name: list
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE key < ?1 AND submitted_at >= ?2 ORDER BY key DESC LIMIT ?3;
-- name: list_by_workflow
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE workflow = ?4 AND key < ?1 AND submitted_at >= ?2 ORDER BY key DESC LIMIT ?3;
-- name: list_completed
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE status = 3 AND (?4 IS NULL OR workflow = ?4) AND key < ?1 AND submitted_at >= ?2 ORDER BY key DESC LIMIT ?3;
-- name: list_odd
-- Paused, Failed and Cancelled have an index of their own.
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE status IN (2, 4, 5) AND status = ?5 AND (?4 IS NULL OR workflow = ?4) AND key < ?1 AND submitted_at >= ?2
ORDER BY key DESC LIMIT ?3;
-- name: list_open
-- Pending and Running: an execution that is open has a task that is queued or runs.
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution
WHERE key IN (SELECT id >> 16 FROM cloacina_task WHERE state = 1
              UNION SELECT id >> 16 FROM cloacina_task WHERE state = 2 AND wake_at IS NOT NULL
              UNION SELECT id >> 16 FROM cloacina_task WHERE state = 4
              UNION SELECT id >> 16 FROM cloacina_task WHERE state = 9
              UNION SELECT key FROM cloacina_execution WHERE waiting > 0 AND status < 3)
  AND status = ?5 AND (?4 IS NULL OR workflow = ?4) AND key < ?1 AND submitted_at >= ?2
ORDER BY key DESC LIMIT ?3;
