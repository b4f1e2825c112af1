-- Every statement of the writing connection, and of the reading ones, by name; the same names as those of the SQLite backend, and a
-- few of this one's own. Times are microseconds since 1970.
--
-- `(many)` behind a name: its parameters are arrays, an element for each row of input, and the first column of its answer says which
-- one is answered. Every parameter has a cast where it is first used: that is how its type is known.

-- name: begin
BEGIN ISOLATION LEVEL READ COMMITTED;
-- name: commit
COMMIT;
-- name: rollback
ROLLBACK;
-- name: begin_read
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: savepoint
SAVEPOINT cloacina;
-- name: back_to_savepoint
ROLLBACK TO SAVEPOINT cloacina;
-- name: release_savepoint
RELEASE SAVEPOINT cloacina;
-- name: place
-- Where a connection of the user's is, and whether our tables are there.
SELECT current_setting('search_path'), EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                               WHERE n.nspname = $1::text AND c.relname = 'cloacina_migration')::int;
-- name: enter
SELECT set_config('search_path', $1::text, true);
-- name: identity
SELECT current_database() || ' ' || min(applied_at) FROM cloacina_migration;
-- name: refuse
-- Makes it impossible to commit the transaction.
DO 'BEGIN RAISE EXCEPTION ''the claim of the task was lost: this transaction is not to be committed''; END';

-- name: turn_start
-- The clock that decides, the transaction's number, by which it is found again when the answer to its commit is lost, and whether
-- others have changed something.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_current_xact_id()::text, last_value FROM cloacina_change;
-- name: transaction_status
SELECT pg_xact_status($1::text::xid8);
-- name: claim_of_task
SELECT fence, runner FROM cloacina_task WHERE id = $1::bigint;
-- name: clock
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
-- name: announce
-- After a commit, never part of it: NOTIFY takes a lock of the whole database while it commits.
SELECT nextval('cloacina_change'), pg_notify('cloacina_' || left(current_schema(), 54), '');
-- name: look
-- Whether others have changed something, are there, and have died; and whether there is work, for those who have heard no hint: what a
-- user's transaction submitted is there from its commit on, and the number may have grown long before that.
SELECT last_value,
       EXISTS (SELECT 1 FROM cloacina_runner WHERE stopped_at IS NULL AND key <> $1::bigint)::int,
       EXISTS (SELECT 1 FROM cloacina_runner WHERE stopped_at IS NULL AND key <> $1 AND lease_until <=
               coalesce($2::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint))::int,
       EXISTS (SELECT 1 FROM cloacina_task WHERE state = 1)::int,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM cloacina_change;

-- name: load_execution (many)
-- Locked in the order of their keys, so that no two turns wait for each other.
SELECT u.n, e.id, definition, status, priority, due_at, open_leaves, failed, retried, error, (started_at IS NOT NULL)::int,
       coalesce(gate, 0), waiting
FROM unnest($1::bigint[]) WITH ORDINALITY u (key, n) JOIN cloacina_execution e ON e.key = u.key
ORDER BY e.key FOR NO KEY UPDATE OF e;

-- name: load_free_execution (many)
SELECT u.n, e.id, definition, status, priority, due_at, open_leaves, failed, retried, error, (started_at IS NOT NULL)::int,
       coalesce(gate, 0), waiting
FROM unnest($1::bigint[]) WITH ORDINALITY u (key, n) JOIN cloacina_execution e ON e.key = u.key
ORDER BY e.key FOR NO KEY UPDATE OF e SKIP LOCKED;

-- name: peek_execution (many)
SELECT u.n, e.id, definition, retried, status FROM unnest($1::bigint[]) WITH ORDINALITY u (key, n) JOIN cloacina_execution e ON e.key = u.key;

-- name: find_execution (many)
SELECT u.n, e.key FROM unnest($1::bytea[]) WITH ORDINALITY u (id, n) JOIN cloacina_execution e ON e.id = u.id;

-- name: find_unique_key
SELECT key, id FROM cloacina_execution WHERE unique_key = $1::text;

-- name: insert_execution (many)
-- Numbered as they were submitted, inserted by their unique keys: whoever submits the same ones meets them in the same order.
WITH input AS MATERIALIZED (
  SELECT n, nextval('cloacina_execution_number') AS key, id, workflow, definition, priority, unique_key, submitted_at, due_at,
         deadline_at, open_leaves, input
  FROM (SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
                             $9::bigint[], $10::text[])
        WITH ORDINALITY u (id, workflow, definition, priority, unique_key, submitted_at, due_at, deadline_at, open_leaves, input, n)
        ORDER BY n) numbered
), made AS (
  INSERT INTO cloacina_execution (key, id, workflow, definition, priority, unique_key, submitted_at, due_at, deadline_at, open_leaves, input)
  SELECT key, id, workflow, definition, priority, unique_key, submitted_at, due_at, deadline_at, open_leaves, input
  FROM input ORDER BY unique_key, n
  ON CONFLICT DO NOTHING RETURNING key
)
SELECT n, key FROM made JOIN input USING (key);

-- name: insert_scheduled (many)
WITH input AS MATERIALIZED (
  SELECT nextval('cloacina_execution_number') AS key, numbered.*
  FROM (SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                             $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
        WITH ORDINALITY u (id, workflow, definition, priority, submitted_at, due_at, deadline_at, open_leaves, input, schedule, slot, gate,
                           gate_max, waiting, n)
        ORDER BY n) numbered
), made AS (
  INSERT INTO cloacina_execution (key, id, workflow, definition, priority, submitted_at, due_at, deadline_at, open_leaves, input, schedule,
                                  slot, gate, open_gate, gate_max, waiting)
  SELECT key, id, workflow, definition, priority, submitted_at, due_at, deadline_at, open_leaves, input, schedule, slot, gate, gate,
         gate_max, waiting
  FROM input ORDER BY n
  RETURNING key
)
SELECT n, key FROM made JOIN input USING (key);

-- name: start_execution (many)
-- The first claim of one of its tasks. An execution that others work on is left to the first outcome.
UPDATE cloacina_execution e SET status = 1, started_at = f.at
FROM (SELECT x.key, u.at FROM unnest($1::bigint[], $2::bigint[]) u (key, at) JOIN cloacina_execution x ON x.key = u.key
      WHERE x.status = 0 ORDER BY x.key FOR NO KEY UPDATE OF x SKIP LOCKED) f
WHERE e.key = f.key AND e.status = 0;

-- name: save_execution (many)
-- What a turn changed of a touched execution.
UPDATE cloacina_execution e
SET status = u.status, open_leaves = u.open_leaves, failed = u.failed, error = u.error, finished_at = u.finished_at,
    odd = CASE WHEN u.status IN (2, 4, 5) THEN u.status END,
    waiting = CASE WHEN u.status >= 3 THEN 0 ELSE e.waiting END,
    deadline_at = CASE WHEN u.status < 3 THEN e.deadline_at END,
    open_gate = CASE WHEN u.status < 3 THEN e.open_gate END
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])
     u (key, status, open_leaves, failed, error, finished_at)
WHERE e.key = u.key;

-- name: load_task (many)
SELECT u.n, state, fence, crashes FROM unnest($1::bigint[]) WITH ORDINALITY u (id, n) JOIN cloacina_task t ON t.id = u.id ORDER BY u.n;

-- name: complete_task (many)
-- The fence says that the claim still holds; no row means that it was lost. `state + 0`: the rows are found by their keys, never by the
-- index of all that run.
UPDATE cloacina_task t SET state = 5, started_at = u.started_at, finished_at = u.finished_at, changes = u.changes
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) WITH ORDINALITY
     u (id, fence, started_at, finished_at, changes, n)
WHERE t.id = u.id AND t.fence = u.fence AND t.state + 0 = 4 RETURNING u.n;

-- name: end_task (many)
-- Failed (6) or Cancelled (8), for good.
UPDATE cloacina_task t SET state = u.state, started_at = u.started_at, finished_at = u.finished_at, error = u.error,
                           failures = t.failures + u.failures, crashes = t.crashes + u.crashes
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[])
     u (id, fence, state, started_at, finished_at, error, failures, crashes)
WHERE t.id = u.id AND t.fence = u.fence AND t.state + 0 = 4;

-- name: requeue_task (many)
-- A retry, a task given back, or one whose runner died.
UPDATE cloacina_task t SET state = u.state, due_at = u.due_at, wake_at = u.wake_at, failures = t.failures + u.failures,
                           crashes = t.crashes + u.crashes, number = t.number - u.number, started_at = NULL, error = u.error,
                           deferred = CASE WHEN u.deferred IS NULL THEN t.deferred ELSE nullif(u.deferred, '') END
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[],
            $10::text[]) u (id, fence, state, due_at, wake_at, failures, crashes, number, error, deferred)
WHERE t.id = u.id AND t.fence = u.fence AND t.state + 0 = 4;

-- name: insert_attempt
INSERT INTO cloacina_attempt (task, number, status, runner, fence, started_at, finished_at, error, exit)
VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::text, $9::bigint)
ON CONFLICT (task, number) DO UPDATE SET status = excluded.status, runner = excluded.runner, fence = excluded.fence,
  started_at = excluded.started_at, finished_at = excluded.finished_at, error = excluded.error, exit = excluded.exit;

-- name: insert_output
INSERT INTO cloacina_output (task, number, stream, text, truncated) VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bytea, $5::bigint)
ON CONFLICT (task, number, stream) DO UPDATE SET text = excluded.text, truncated = excluded.truncated;

-- name: count_dependency (many)
-- Adds to the counters of tasks that have several parents; the first parent to end makes the row.
WITH input AS MATERIALIZED (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) WITH ORDINALITY
                u (id, definition, rank, due_at, done, completed, failed, n)
), counted AS (
  INSERT INTO cloacina_task AS t (id, state, definition, rank, due_at, done, completed, failed)
  SELECT id, 0, definition, rank, due_at, done, completed, failed FROM input
  ON CONFLICT (id) DO UPDATE SET done = t.done + excluded.done, completed = t.completed + excluded.completed,
                                 failed = t.failed + excluded.failed
  RETURNING id, done, completed, failed, state
)
SELECT n, c.done, c.completed, c.failed, c.state FROM counted c JOIN input USING (id);

-- name: skip_task (many)
INSERT INTO cloacina_task (id, state, definition, rank, due_at, error, finished_at)
SELECT id, 7, definition, rank, due_at, error, finished_at
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])
     u (id, definition, rank, due_at, error, finished_at)
ON CONFLICT (id) DO UPDATE SET state = 7, error = excluded.error, finished_at = excluded.finished_at;

-- name: queue_task (many)
-- Ready, delayed or held: whatever cannot be claimed in the turn in which it may run.
INSERT INTO cloacina_task (id, state, definition, rank, due_at, wake_at)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, wake_at = excluded.wake_at;

-- name: claim_new (many)
-- A task that becomes ready and is claimed in one turn never enters the queue.
WITH input AS MATERIALIZED (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) WITH ORDINALITY
                u (id, definition, rank, due_at, runner, started_at, n)
), claimed AS (
  INSERT INTO cloacina_task AS t (id, state, definition, rank, due_at, runner, started_at, fence, number)
  SELECT id, 4, definition, rank, due_at, runner, started_at, 1, 1 FROM input
  ON CONFLICT (id) DO UPDATE SET state = 4, due_at = excluded.due_at, wake_at = NULL, runner = excluded.runner,
                                 started_at = excluded.started_at, finished_at = NULL, error = NULL, fence = t.fence + 1,
                                 number = t.number + 1
  RETURNING id, fence, number, failures, crashes, deferred
)
SELECT n, c.fence, c.number, c.failures, c.crashes, c.deferred FROM claimed c JOIN input USING (id);

-- name: claim_first (many)
-- As claim_new where the task cannot have a row yet.
INSERT INTO cloacina_task (id, state, definition, rank, due_at, runner, started_at, fence, number)
SELECT id, 4, definition, rank, due_at, runner, started_at, 1, 1
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
     u (id, definition, rank, due_at, runner, started_at);

-- name: claim_queued (many)
-- They are locked by then.
UPDATE cloacina_task t SET state = 4, wake_at = NULL, runner = u.runner, started_at = u.started_at, finished_at = NULL, error = NULL,
                           fence = t.fence + 1, number = t.number + 1
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY u (id, runner, started_at, n)
WHERE t.id = u.id RETURNING u.n, t.fence, t.number, t.failures, t.crashes, t.deferred;

-- name: ready_definitions
-- Jumps from one to the next in the index.
WITH RECURSIVE d (definition) AS (
  (SELECT definition FROM cloacina_task WHERE state = 1 ORDER BY definition LIMIT 1)
  UNION ALL
  SELECT (SELECT t.definition FROM cloacina_task t WHERE t.state = 1 AND t.definition > d.definition ORDER BY t.definition LIMIT 1)
  FROM d WHERE d.definition IS NOT NULL
)
SELECT definition FROM d WHERE definition IS NOT NULL;

-- name: ready (many)
-- Priority, then due time, then first come. SKIP LOCKED: two lanes claim different rows, and neither waits.
SELECT u.n, t.id, t.rank, t.due_at
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY u (definition, most, n)
CROSS JOIN LATERAL (
  SELECT id, rank, due_at FROM cloacina_task WHERE state = 1 AND definition = u.definition
  ORDER BY rank, due_at, id LIMIT u.most FOR NO KEY UPDATE SKIP LOCKED
) t;

-- name: last_chance
SELECT id, definition FROM cloacina_task WHERE state = 9 AND definition >= $1::bigint ORDER BY definition, rank, due_at, id LIMIT 100;

-- name: take_last_chance
-- Unless somebody else takes it.
SELECT 1 FROM cloacina_task WHERE id = $1::bigint AND state = 9 FOR NO KEY UPDATE SKIP LOCKED;

-- name: wake_delayed
SELECT id, crashes FROM cloacina_task WHERE state = 2 AND wake_at <= $1::bigint ORDER BY wake_at LIMIT $2::bigint
FOR NO KEY UPDATE SKIP LOCKED;

-- name: wake_task (many)
UPDATE cloacina_task t SET state = u.state, wake_at = NULL FROM unnest($1::bigint[], $2::bigint[]) u (id, state) WHERE t.id = u.id;

-- name: next_wake
SELECT wake_at FROM cloacina_task WHERE state = 2 AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1;

-- name: next_deadline
SELECT deadline_at FROM cloacina_execution WHERE deadline_at IS NOT NULL ORDER BY deadline_at LIMIT 1;

-- name: past_deadline
SELECT key FROM cloacina_execution WHERE deadline_at IS NOT NULL AND status < 3 AND deadline_at <= $1::bigint ORDER BY deadline_at LIMIT 100
FOR NO KEY UPDATE SKIP LOCKED;

-- name: running_of_runner
SELECT id, fence, number, crashes, started_at FROM cloacina_task WHERE state = 4 AND runner = $1::bigint ORDER BY id;

-- name: check_claim (many)
-- Whether a claim still holds and is to be worked on.
SELECT u.n FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY u (id, fence, n)
JOIN cloacina_task t ON t.id = u.id JOIN cloacina_execution e ON e.key = u.id >> 16
WHERE t.fence = u.fence AND t.state + 0 = 4 AND e.status < 3;

-- name: running_of_execution
SELECT id, fence FROM cloacina_task WHERE id BETWEEN $1::bigint << 16 AND ($1 << 16) | 65535 AND state = 4;

-- name: tasks_of_execution
-- Tasks of one execution lie side by side.
SELECT id & 65535, state, fence, number, failures, crashes, runner, started_at, finished_at, wake_at, error, due_at,
       deferred
FROM cloacina_task WHERE id BETWEEN $1::bigint << 16 AND ($1 << 16) | 65535 ORDER BY id;

-- name: outcome_of_execution
SELECT id & 65535, state, error FROM cloacina_task WHERE id BETWEEN $1::bigint << 16 AND ($1 << 16) | 65535 AND state IN (5, 6);

-- name: changes_of_execution (many)
SELECT u.n, t.id & 65535, t.changes FROM unnest($1::bigint[]) WITH ORDINALITY u (key, n)
JOIN cloacina_task t ON t.id BETWEEN u.key << 16 AND (u.key << 16) | 65535
WHERE t.state = 5 AND t.changes IS NOT NULL;

-- name: input_of_execution (many)
SELECT u.n, e.input FROM unnest($1::bigint[]) WITH ORDINALITY u (key, n) JOIN cloacina_execution e ON e.key = u.key;

-- name: cancel_waiting_tasks
UPDATE cloacina_task SET state = 8, wake_at = NULL, finished_at = $2::bigint
WHERE id BETWEEN $1::bigint << 16 AND ($1 << 16) | 65535 AND state IN (0, 1, 2, 3, 9);

-- name: insert_event
INSERT INTO cloacina_event (execution, at, position, kind, detail, actor)
VALUES ($1::bigint, $2::bigint, $3::bigint, $4::text, $5::text, $6::text);

-- name: definition_by_key
SELECT text FROM cloacina_definition WHERE key = $1::bigint;
-- name: definition_by_version
SELECT key FROM cloacina_definition WHERE version = $1::text;
-- name: insert_definition
INSERT INTO cloacina_definition (name, version, text, only_commands, registered_at)
VALUES ($1::text, $2::text, $3::text, $4::bigint, $5::bigint) ON CONFLICT DO NOTHING;
-- name: set_current
INSERT INTO cloacina_workflow (name, current) VALUES ($1::text, $2::bigint) ON CONFLICT (name) DO UPDATE SET current = excluded.current;
-- name: set_placeholder
-- Unless somebody has registered it meanwhile.
INSERT INTO cloacina_workflow (name, current) SELECT $1::text, key FROM cloacina_definition WHERE version = $2::text ON CONFLICT DO NOTHING;
-- name: lock_current
-- The current version cannot change before the end of the transaction: whoever registers another one finds what waits for it.
SELECT key, current FROM cloacina_workflow WHERE name = $1::text FOR SHARE;
-- name: current_of
SELECT current FROM cloacina_workflow WHERE name = $1::text;
-- name: workflow_by_name
SELECT key FROM cloacina_workflow WHERE name = $1::text;
-- name: current_definitions
SELECT current FROM cloacina_workflow ORDER BY name;

-- name: insert_runner
-- It is there already when the answer to the commit was lost.
INSERT INTO cloacina_runner (id, name, host, pid, workers, any_commands, started_at, heartbeat_at, lease_until)
VALUES ($1::text, $2::text, $3::text, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $7, $8::bigint)
ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, lease_until = excluded.lease_until RETURNING key;
-- name: renew_lease
-- Whether it had run out. A runner that was taken for dead lives again.
UPDATE cloacina_runner r SET heartbeat_at = $2::bigint, lease_until = $3::bigint, stopped_at = NULL, died = 0
FROM (SELECT key, stopped_at IS NOT NULL OR lease_until <= $2 AS lost FROM cloacina_runner WHERE key = $1::bigint FOR UPDATE) o
WHERE r.key = o.key RETURNING o.lost::int;
-- name: renew_alone
-- As renew_lease, when it is all that a turn does: the clock that decides, whether the lease had run out, when the first of the others
-- runs out, and whether others have changed something.
WITH clock AS MATERIALIZED (
  SELECT coalesce($3::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now
), old AS MATERIALIZED (
  SELECT r.key, r.stopped_at IS NOT NULL OR r.lease_until <= clock.now AS lost FROM cloacina_runner r, clock WHERE r.key = $1::bigint
  FOR UPDATE OF r
), new AS (
  UPDATE cloacina_runner r SET heartbeat_at = clock.now, lease_until = clock.now + $2::bigint, stopped_at = NULL, died = 0
  FROM clock, old WHERE r.key = old.key RETURNING old.lost
)
SELECT clock.now, coalesce((SELECT lost::int FROM new), 1),
       (SELECT min(lease_until) FROM cloacina_runner WHERE stopped_at IS NULL AND key <> $1), last_value
FROM clock, cloacina_change;
-- name: end_lease
UPDATE cloacina_runner SET lease_until = 0 WHERE key = $1::bigint AND stopped_at IS NULL;
-- name: may_claim
-- Locked against those who would take it for dead; when they are at it, it claims nothing.
SELECT 1 FROM cloacina_runner WHERE key = $1::bigint AND stopped_at IS NULL FOR KEY SHARE SKIP LOCKED;
-- name: next_death
SELECT min(lease_until) FROM cloacina_runner WHERE stopped_at IS NULL AND key <> $1::bigint;
-- name: dead_runners
SELECT key FROM cloacina_runner WHERE stopped_at IS NULL AND lease_until <= $1::bigint ORDER BY key FOR UPDATE SKIP LOCKED;
-- name: describe_runner
UPDATE cloacina_runner SET knows = $2::text, written_off = $3::bigint WHERE key = $1::bigint;
-- name: close_runner
UPDATE cloacina_runner SET stopped_at = $2::bigint, died = $3::bigint WHERE key = $1::bigint AND stopped_at IS NULL;
-- name: open_runners
SELECT key FROM cloacina_runner WHERE stopped_at IS NULL;
-- name: runner_name
SELECT name FROM cloacina_runner WHERE key = $1::bigint;
-- name: runners
SELECT key, id, name, host, pid, workers, any_commands, written_off, knows, started_at, lease_until, heartbeat_at FROM cloacina_runner
WHERE stopped_at IS NULL ORDER BY key;
-- name: held_by
SELECT t.id & 65535, e.id, e.definition FROM cloacina_task t JOIN cloacina_execution e ON e.key = t.id >> 16
WHERE t.state = 4 AND t.runner = $1::bigint ORDER BY t.id;

-- name: data_version
SELECT last_value FROM cloacina_change;

-- name: get_execution
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE id = $1::bytea;
-- name: status_of_execution
SELECT status FROM cloacina_execution WHERE id = $1::bytea;
-- name: attempts_of_execution
SELECT task & 65535, number, status, runner, fence, started_at, finished_at, error, exit FROM cloacina_attempt
WHERE task BETWEEN $1::bigint << 16 AND ($1 << 16) | 65535 ORDER BY task, number;
-- name: events_of_execution
SELECT at, position, kind, detail, actor FROM cloacina_event WHERE execution = $1::bigint ORDER BY key;
-- name: output_of_execution
SELECT task & 65535, number, stream, text, truncated FROM cloacina_output
WHERE task BETWEEN $1::bigint << 16 AND ($1 << 16) | 65535 ORDER BY task, number, stream;

-- name: list
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE key < $1::bigint AND submitted_at >= $2::bigint ORDER BY key DESC LIMIT $3::bigint;
-- name: list_by_workflow
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE workflow = $4::bigint AND key < $1::bigint AND submitted_at >= $2::bigint ORDER BY key DESC LIMIT $3::bigint;
-- name: list_completed
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE status = 3 AND ($4::bigint IS NULL OR workflow = $4) AND key < $1::bigint AND submitted_at >= $2::bigint
ORDER BY key DESC LIMIT $3::bigint;
-- name: list_odd
-- Paused, Failed and Cancelled have an index of their own.
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution WHERE odd = $5::bigint AND ($4::bigint IS NULL OR workflow = $4) AND key < $1::bigint AND submitted_at >= $2::bigint
ORDER BY key DESC LIMIT $3::bigint;
-- name: list_open
-- Pending and Running: an execution that is open has a task that is queued or runs.
SELECT key, id, definition, status, priority, unique_key, submitted_at, due_at, started_at, finished_at, input, error, pause_reason,
       (SELECT name FROM cloacina_schedule s WHERE s.key = schedule), slot, waiting
FROM cloacina_execution
WHERE key IN (SELECT id >> 16 FROM cloacina_task WHERE state = 1
              UNION SELECT id >> 16 FROM cloacina_task WHERE state = 2
              UNION SELECT id >> 16 FROM cloacina_task WHERE state = 4
              UNION SELECT id >> 16 FROM cloacina_task WHERE state = 9
              UNION SELECT key FROM cloacina_execution WHERE waiting > 0)
  AND status = $5::bigint AND ($4::bigint IS NULL OR workflow = $4) AND key < $1::bigint AND submitted_at >= $2::bigint
ORDER BY key DESC LIMIT $3::bigint;
