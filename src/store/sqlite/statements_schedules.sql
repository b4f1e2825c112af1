-- Schedules, their ledger, gates, and retention. See statements.sql.

-- name: due_schedules
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE next_run_at <= ?1 ORDER BY next_run_at LIMIT ?2;
-- name: due_schedules_latest
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE next_run_at <= ?1 ORDER BY next_run_at DESC LIMIT ?2;
-- name: next_slot
SELECT min(next_run_at) FROM cloacina_schedule WHERE next_run_at IS NOT NULL;
-- name: reboot_schedules
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE workflow = ?1 AND removed_at IS NULL AND reboot = 1;
-- name: schedules_of_other_zones
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE key > ?2 AND removed_at IS NULL AND zones <> '' AND zones <> ?1 ORDER BY key LIMIT ?3;
-- name: find_schedule
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule WHERE name = ?1 AND removed_at IS NULL;
-- name: schedule_names
SELECT name FROM cloacina_schedule WHERE removed_at IS NULL ORDER BY name LIMIT ?1;
-- name: list_schedules
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule INDEXED BY cloacina_schedule_name
WHERE removed_at IS NULL AND name > ?1 AND (?2 IS NULL OR workflow = ?2) AND (?3 IS NULL OR source = ?3) AND (?4 IS NULL OR paused = ?4)
ORDER BY name LIMIT ?5;
-- name: list_schedules_by_workflow
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule INDEXED BY cloacina_schedule_workflow
WHERE removed_at IS NULL AND name > ?1 AND workflow = ?2 AND (?3 IS NULL OR source = ?3) AND (?4 IS NULL OR paused = ?4)
ORDER BY name LIMIT ?5;
-- name: list_schedules_by_source
SELECT key, id, name, workflow, definition, source, revision, turn, cursor, zones, reboot, paused, pause_note, next_run_at, last_slot,
       disabled_reason, created_at FROM cloacina_schedule INDEXED BY cloacina_schedule_source
WHERE removed_at IS NULL AND source <> '' AND name > ?1 AND (?2 IS NULL OR workflow = ?2) AND source = ?3 AND (?4 IS NULL OR paused = ?4)
ORDER BY name LIMIT ?5;
-- name: insert_schedule
INSERT INTO cloacina_schedule (id, name, workflow, definition, source, revision, cursor, zones, reboot, paused, pause_note, next_run_at,
                               created_at)
VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING;
-- name: update_schedule
UPDATE cloacina_schedule SET workflow = ?3, definition = ?4, source = ?5, revision = ?6, cursor = ?7, zones = ?8, reboot = ?9, paused = ?10,
                             pause_note = ?11, next_run_at = ?12, disabled_reason = ?13, turn = turn + 1
WHERE key = ?1 AND turn = ?2 AND removed_at IS NULL;
-- name: remove_schedule
UPDATE cloacina_schedule SET removed_at = ?3, next_run_at = NULL, turn = turn + 1 WHERE key = ?1 AND turn = ?2 AND removed_at IS NULL;
-- name: insert_schedule_event
INSERT INTO cloacina_schedule_event (schedule, at, kind, detail, actor)
SELECT key, ?2, ?3, ?4, ?5 FROM cloacina_schedule WHERE id = ?1;
-- name: schedule_events
SELECT at, kind, detail, actor FROM cloacina_schedule_event WHERE schedule = ?1 ORDER BY key DESC LIMIT ?2;
-- name: schedule_removal
-- The last time that a schedule of this name was removed.
SELECT e.at, e.kind, e.detail, e.actor FROM cloacina_schedule s JOIN cloacina_schedule_event e ON e.schedule = s.key
WHERE s.name = ?1 AND s.removed_at IS NOT NULL AND e.kind = 'removed' ORDER BY e.key DESC LIMIT 1;
-- name: turn_schedule
-- Whatever came in between, an edit, a pause, another runner's turn, has raised `turn`.
UPDATE cloacina_schedule SET cursor = ?4, zones = ?5, next_run_at = ?6, last_slot = coalesce(?7, last_slot), disabled_reason = ?8,
                             turn = turn + 1
WHERE key = ?1 AND revision = ?2 AND turn = ?3 AND removed_at IS NULL;

-- name: insert_firing
INSERT INTO cloacina_firing (schedule, slot, outcome, kind, reason, through, count, due_at, fired_at, execution, backfill)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (schedule, slot, outcome) DO NOTHING;
-- name: fired_execution
SELECT execution FROM cloacina_firing WHERE schedule = ?1 AND slot = ?2 AND outcome = 0;
-- name: last_slot_record
-- The newest, and whether a backfill has fired between it and a slot.
SELECT key, outcome, reason, through,
       EXISTS (SELECT 1 FROM cloacina_firing b WHERE b.schedule = ?1 AND b.slot > f.through AND b.slot < ?2 AND b.kind = 2)
FROM (SELECT key, outcome, reason, through FROM cloacina_firing WHERE schedule = ?1 AND kind = 0 ORDER BY slot DESC, outcome DESC LIMIT 1) f;
-- name: extend_skip
UPDATE cloacina_firing SET through = ?2, count = count + ?3, fired_at = ?4 WHERE key = ?1;
-- name: firings
SELECT slot, outcome, kind, reason, through, count, due_at, fired_at, execution FROM cloacina_firing
WHERE schedule = ?1 AND slot <= ?2 AND slot >= ?3 AND (?4 IS NULL OR outcome = ?4) ORDER BY slot DESC, outcome DESC;
-- name: fired_slots
SELECT slot FROM cloacina_firing WHERE schedule = ?1 AND slot >= ?2 AND slot < ?3 AND outcome = 0 AND kind <> 1 ORDER BY slot;
-- name: firing_counts
SELECT outcome, kind, coalesce(reason, -1), sum(count) FROM cloacina_firing WHERE schedule = ?1 AND slot >= ?2 GROUP BY 1, 2, 3;
-- name: firing_statuses
SELECT e.status, count(*) FROM cloacina_firing f JOIN cloacina_execution e ON e.id = f.execution
WHERE f.schedule = ?1 AND f.slot >= ?2 AND f.outcome = 0 GROUP BY 1;
-- name: firing_lateness
SELECT fired_at - due_at FROM cloacina_firing WHERE schedule = ?1 AND slot >= ?2 AND outcome = 0 AND kind = 0
ORDER BY 1 LIMIT 1 OFFSET ?3;

-- name: find_backfill
SELECT key FROM cloacina_backfill WHERE schedule = ?1 AND from_slot = ?2 AND to_slot = ?3;
-- name: insert_backfill
INSERT INTO cloacina_backfill (schedule, from_slot, to_slot, concurrency, created_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING;
-- name: open_of_gate
SELECT id FROM cloacina_execution WHERE gate = ?1 AND status < 3 ORDER BY waiting DESC, key DESC LIMIT ?2;
-- name: open_keys_of_gate
SELECT key FROM cloacina_execution WHERE gate = ?1 AND status < 3 AND key <> ?2 ORDER BY waiting DESC, key;
-- name: is_gate_open
-- How many of a gate have begun, or wait for their workflow before another one, as far as it matters.
SELECT count(*) FROM (SELECT 1 FROM cloacina_execution WHERE gate = ?1 AND status < 3 AND (waiting = 0 OR (waiting = 2 AND key < ?2)) LIMIT ?3);
-- name: any_of_gate
SELECT 1 FROM cloacina_execution WHERE gate = ?1 AND status < 3 LIMIT 1;
-- name: next_of_gate
SELECT key, gate_max FROM cloacina_execution WHERE gate = ?1 AND waiting = 1 AND status < 3 ORDER BY key LIMIT 1;
-- name: lock_gate
-- One writer at a time: there is nobody to keep out.
SELECT ?1;
-- name: waiting_for_workflow
SELECT key, gate_max FROM cloacina_execution
WHERE waiting = 2 AND status < 3 AND workflow = (SELECT key FROM cloacina_workflow WHERE name = ?1) ORDER BY key;
-- name: set_waiting
UPDATE cloacina_execution SET waiting = ?2, deadline_at = ?3 WHERE key = ?1;
-- name: adopt_execution
UPDATE cloacina_execution SET definition = ?2, open_leaves = ?3, input = ?4 WHERE key = ?1;

-- name: prunable
-- The next executions by key, and whether they have ended as they should to go.
SELECT key, status >= 3 AND (?2 >> status) & 1 AND finished_at < ?1 FROM cloacina_execution
WHERE key > ?3 AND key <= ?4 ORDER BY key LIMIT ?5;
-- name: lock_prunable
-- Those that still may go, and of which no task runs.
SELECT 1 FROM cloacina_execution e WHERE key = ?1 AND status >= 3 AND (?3 >> status) & 1 AND finished_at < ?2 AND NOT EXISTS
  (SELECT 1 FROM cloacina_task WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535 AND state = 4);
-- name: newest_ended
SELECT key FROM cloacina_execution WHERE status >= 3 ORDER BY key DESC LIMIT 1 OFFSET ?1;
-- name: prunable_firings
SELECT key, fired_at < ?1 AND slot < (SELECT max(slot) FROM cloacina_firing g WHERE g.schedule = f.schedule) FROM cloacina_firing f
WHERE key > ?2 ORDER BY key LIMIT ?3;
-- name: delete_firing
DELETE FROM cloacina_firing WHERE key = ?1;
-- name: raise_last_key
-- Executions up to this key were deleted. The table is SQLite's own, and it is there because of the runners' keys.
UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'cloacina_execution';
-- name: first_last_key
INSERT INTO sqlite_sequence (name, seq) VALUES ('cloacina_execution', ?1);
-- name: delete_tasks
DELETE FROM cloacina_task WHERE id BETWEEN ?1 << 16 AND (?1 << 16) | 65535;
-- name: delete_attempts
DELETE FROM cloacina_attempt WHERE task BETWEEN ?1 << 16 AND (?1 << 16) | 65535;
-- name: delete_output
DELETE FROM cloacina_output WHERE task BETWEEN ?1 << 16 AND (?1 << 16) | 65535;
-- name: delete_events
DELETE FROM cloacina_event WHERE execution = ?1;
-- name: delete_execution
DELETE FROM cloacina_execution WHERE key = ?1;

-- name: stranded
-- Definitions of open work, for `doctor` and `list`.
SELECT DISTINCT definition FROM cloacina_task WHERE state IN (1, 9);
-- name: oldest_ready
SELECT min(due_at) FROM cloacina_task WHERE state = 1;
-- name: count_ready
SELECT count(*) FROM cloacina_task WHERE state = 1;
