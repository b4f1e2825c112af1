-- Schedules, their ledger, gates, and retention. See statements.sql.

-- name: due_schedules
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE next_run_at <= $1::bigint ORDER BY next_run_at LIMIT $2::bigint;
-- name: due_schedules_latest
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE next_run_at <= $1::bigint ORDER BY next_run_at DESC LIMIT $2::bigint;
-- name: next_slot
SELECT min(next_run_at) FROM cloacina_schedule WHERE next_run_at IS NOT NULL;
-- name: reboot_schedules
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE workflow = $1::text AND removed_at IS NULL AND reboot = 1;
-- name: schedules_of_other_zones
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE key > $2::bigint AND removed_at IS NULL AND zones <> '' AND zones <> $1::text ORDER BY key LIMIT $3::bigint;
-- name: find_schedule
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE name = $1::text AND removed_at IS NULL;
-- name: schedule_names
SELECT name FROM cloacina_schedule WHERE removed_at IS NULL ORDER BY name LIMIT $1::bigint;
-- name: list_schedules
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule
WHERE removed_at IS NULL AND name > $1::text AND ($2::text IS NULL OR workflow = $2) AND ($3::text IS NULL OR source = $3) AND ($4::bigint IS NULL OR paused = $4)
ORDER BY name LIMIT $5::bigint;
-- name: list_schedules_by_workflow
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule
WHERE removed_at IS NULL AND name > $1::text AND workflow = $2::text AND ($3::text IS NULL OR source = $3) AND ($4::bigint IS NULL OR paused = $4)
ORDER BY name LIMIT $5::bigint;
-- name: list_schedules_by_source
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule
WHERE removed_at IS NULL AND source <> '' AND name > $1::text AND ($2::text IS NULL OR workflow = $2) AND source = $3::text AND ($4::bigint IS NULL OR paused = $4)
ORDER BY name LIMIT $5::bigint;
-- name: insert_schedule
INSERT INTO cloacina_schedule (id, name, workflow, definition, source, revision, cursor, zones, reboot, paused, pause_note, next_run_at,
                               created_at)
VALUES ($1::bytea, $2::text, $3::text, $4::text, $5::text, 1, $6::text, $7::text, $8::bigint, $9::bigint, $10::text, $11::bigint, $12::bigint) ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING;
-- name: update_schedule
UPDATE cloacina_schedule SET workflow = $3::text, definition = $4::text, source = $5::text, revision = $6::bigint, cursor = $7::text, zones = $8::text, reboot = $9::bigint, paused = $10::bigint,
                             pause_note = $11::text, next_run_at = $12::bigint, disabled_reason = $13::text, turn = turn + 1
WHERE key = $1::bigint AND turn = $2::bigint AND removed_at IS NULL;
-- name: remove_schedule
UPDATE cloacina_schedule SET removed_at = $3::bigint, next_run_at = NULL, turn = turn + 1 WHERE key = $1::bigint AND turn = $2::bigint AND removed_at IS NULL;
-- name: insert_schedule_event
INSERT INTO cloacina_schedule_event (schedule, at, kind, detail, actor)
SELECT key, $2::bigint, $3::text, $4::text, $5::text FROM cloacina_schedule WHERE id = $1::bytea;
-- name: schedule_events
SELECT at, kind, detail, actor FROM cloacina_schedule_event WHERE schedule = $1::bigint ORDER BY key DESC LIMIT $2::bigint;
-- name: schedule_removal
-- The last time that a schedule of this name was removed.
SELECT e.at, e.kind, e.detail, e.actor FROM cloacina_schedule s JOIN cloacina_schedule_event e ON e.schedule = s.key
WHERE s.name = $1::text AND s.removed_at IS NOT NULL AND e.kind = 'removed' ORDER BY e.key DESC LIMIT 1;
-- name: turn_schedule (many)
-- Whatever came in between, an edit, a pause, another runner's turn, has raised `turn`. A row that somebody works on is as good as
-- changed.
UPDATE cloacina_schedule s SET cursor = u.cursor, zones = u.zones, next_run_at = u.next_run_at, last_slot = coalesce(u.last_slot, s.last_slot),
                               disabled_reason = u.disabled_reason, turn = s.turn + 1
FROM (SELECT u.*
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[]) WITH ORDINALITY
           u (key, revision, turn, cursor, zones, next_run_at, last_slot, disabled_reason, n)
      JOIN cloacina_schedule x ON x.key = u.key
      WHERE x.revision = u.revision AND x.turn = u.turn AND x.removed_at IS NULL
      FOR NO KEY UPDATE OF x SKIP LOCKED) u
WHERE s.key = u.key AND s.revision = u.revision AND s.turn = u.turn AND s.removed_at IS NULL RETURNING u.n;

-- name: insert_firing (many)
WITH input AS MATERIALIZED (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                       $9::bigint[], $10::bytea[], $11::bigint[])
                WITH ORDINALITY u (schedule, slot, outcome, kind, reason, through, count, due_at, fired_at, execution, backfill, n)
), made AS (
  INSERT INTO cloacina_firing (schedule, slot, outcome, kind, reason, through, count, due_at, fired_at, execution, backfill)
  SELECT schedule, slot, outcome, kind, reason, through, count, due_at, fired_at, execution, backfill FROM input ORDER BY n
  ON CONFLICT (schedule, slot, outcome) DO NOTHING RETURNING schedule, slot, outcome
)
SELECT n FROM made JOIN input USING (schedule, slot, outcome);
-- name: fired_execution
SELECT execution FROM cloacina_firing WHERE schedule = $1::bigint AND slot = $2::bigint AND outcome = 0;
-- name: last_slot_record
-- The newest, and whether a backfill has fired between it and a slot.
SELECT key, outcome, reason, through,
       EXISTS (SELECT 1 FROM cloacina_firing b WHERE b.schedule = $1::bigint AND b.slot > f.through AND b.slot < $2::bigint AND b.kind = 2)::int
FROM (SELECT key, outcome, reason, through FROM cloacina_firing WHERE schedule = $1::bigint AND kind = 0 ORDER BY slot DESC, outcome DESC LIMIT 1) f;
-- name: extend_skip
UPDATE cloacina_firing SET through = $2::bigint, count = count + $3::bigint, fired_at = $4::bigint WHERE key = $1::bigint;
-- name: firings
SELECT slot, outcome, kind, reason, through, count, due_at, fired_at, execution FROM cloacina_firing
WHERE schedule = $1::bigint AND slot <= $2::bigint AND slot >= $3::bigint AND ($4::bigint IS NULL OR outcome = $4) ORDER BY slot DESC, outcome DESC;
-- name: fired_slots
SELECT slot FROM cloacina_firing WHERE schedule = $1::bigint AND slot >= $2::bigint AND slot < $3::bigint AND outcome = 0 AND kind <> 1 ORDER BY slot;
-- name: firing_counts
SELECT outcome, kind, coalesce(reason, -1), sum(count)::bigint FROM cloacina_firing WHERE schedule = $1::bigint AND slot >= $2::bigint GROUP BY 1, 2, 3;
-- name: firing_statuses
SELECT e.status, count(*) FROM cloacina_firing f JOIN cloacina_execution e ON e.id = f.execution
WHERE f.schedule = $1::bigint AND f.slot >= $2::bigint AND f.outcome = 0 GROUP BY 1;
-- name: firing_lateness
SELECT fired_at - due_at FROM cloacina_firing WHERE schedule = $1::bigint AND slot >= $2::bigint AND outcome = 0 AND kind = 0
ORDER BY 1 LIMIT 1 OFFSET $3::bigint;

-- name: find_backfill
SELECT key FROM cloacina_backfill WHERE schedule = $1::bigint AND from_slot = $2::bigint AND to_slot = $3::bigint;
-- name: insert_backfill
INSERT INTO cloacina_backfill (schedule, from_slot, to_slot, concurrency, created_at) VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint) ON CONFLICT DO NOTHING;
-- name: open_of_gate
SELECT id FROM cloacina_execution WHERE open_gate = $1::bigint ORDER BY waiting DESC, key DESC LIMIT $2::bigint;
-- name: open_keys_of_gate
SELECT key FROM cloacina_execution WHERE open_gate = $1::bigint AND key <> $2::bigint ORDER BY waiting DESC, key;
-- name: is_gate_open
-- How many of a gate have begun, or wait for their workflow before another one, as far as it matters.
SELECT count(*) FROM (SELECT 1 FROM cloacina_execution WHERE open_gate = $1::bigint AND (waiting = 0 OR (waiting = 2 AND key < $2::bigint))
                      LIMIT $3::bigint) o;
-- name: any_of_gate
SELECT 1 FROM cloacina_execution WHERE open_gate = $1::bigint LIMIT 1;
-- name: next_of_gate
SELECT key, gate_max FROM cloacina_execution WHERE open_gate = $1::bigint AND waiting = 1 ORDER BY key LIMIT 1;
-- name: lock_gate (many)
-- Until the end of the transaction nobody else counts the executions of these gates, or lets one begin. Of this schema: the number of
-- its table is part of the lock.
SELECT u.n, pg_advisory_xact_lock(('cloacina_execution'::regclass::oid::bigint << 32) # u.gate)
FROM unnest($1::bigint[]) WITH ORDINALITY u (gate, n);
-- name: waiting_for_workflow
SELECT key, gate_max FROM cloacina_execution
WHERE waiting = 2 AND workflow = (SELECT key FROM cloacina_workflow WHERE name = $1::text) ORDER BY key;
-- name: set_waiting
UPDATE cloacina_execution SET waiting = $2::bigint, deadline_at = $3::bigint WHERE key = $1::bigint;
-- name: adopt_execution
UPDATE cloacina_execution SET definition = $2::bigint, open_leaves = $3::bigint, input = $4::text WHERE key = $1::bigint;

-- name: raise_last_key
-- The server never gives a key again.
SELECT $1::bigint;
-- name: first_last_key
SELECT $1::bigint;
-- name: prunable
-- The next executions by key, and whether they have ended as they should to go.
SELECT key, (status >= 3 AND ($2::bigint >> status) & 1 = 1 AND finished_at < $1::bigint)::int FROM cloacina_execution
WHERE key > $3::bigint AND key <= $4::bigint ORDER BY key LIMIT $5::bigint;
-- name: lock_prunable (many)
-- Those that still may go, unless others work on them.
SELECT u.n FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY u (key, before, statuses, n)
JOIN cloacina_execution e ON e.key = u.key
WHERE e.status >= 3 AND (u.statuses >> e.status) & 1 = 1 AND e.finished_at < u.before AND NOT EXISTS
  (SELECT 1 FROM cloacina_task t WHERE t.id BETWEEN u.key << 16 AND (u.key << 16) | 65535 AND t.state = 4)
FOR UPDATE OF e SKIP LOCKED;
-- name: newest_ended
SELECT key FROM cloacina_execution WHERE status >= 3 ORDER BY key DESC OFFSET $1::bigint LIMIT 1;
-- name: prunable_firings
SELECT key, (fired_at < $1::bigint AND slot < (SELECT max(slot) FROM cloacina_firing g WHERE g.schedule = f.schedule))::int
FROM cloacina_firing f WHERE key > $2::bigint ORDER BY key LIMIT $3::bigint;
-- name: delete_firing (many)
DELETE FROM cloacina_firing f USING unnest($1::bigint[]) u (key) WHERE f.key = u.key;
-- name: delete_tasks (many)
DELETE FROM cloacina_task t USING unnest($1::bigint[]) u (key) WHERE t.id BETWEEN u.key << 16 AND (u.key << 16) | 65535;
-- name: delete_attempts (many)
DELETE FROM cloacina_attempt t USING unnest($1::bigint[]) u (key) WHERE t.task BETWEEN u.key << 16 AND (u.key << 16) | 65535;
-- name: delete_output (many)
DELETE FROM cloacina_output t USING unnest($1::bigint[]) u (key) WHERE t.task BETWEEN u.key << 16 AND (u.key << 16) | 65535;
-- name: delete_events (many)
DELETE FROM cloacina_event t USING unnest($1::bigint[]) u (key) WHERE t.execution = u.key;
-- name: delete_execution (many)
DELETE FROM cloacina_execution t USING unnest($1::bigint[]) u (key) WHERE t.key = u.key;

-- name: stranded
-- Definitions of open work, for `doctor` and `list`.
SELECT DISTINCT definition FROM cloacina_task WHERE state = 1 UNION SELECT DISTINCT definition FROM cloacina_task WHERE state = 9;
-- name: oldest_ready
SELECT min(due_at) FROM cloacina_task WHERE state = 1;
-- name: count_ready
SELECT count(*) FROM cloacina_task WHERE state = 1;
