-- Schedules, what happened to their slots, and executions that wait for others.

CREATE TABLE cloacina_schedule (
  key             INTEGER PRIMARY KEY,
  id              BLOB NOT NULL UNIQUE,         -- UUIDv7
  name            TEXT NOT NULL,
  workflow        TEXT NOT NULL,                -- its name: it need not be known yet
  definition      TEXT NOT NULL,                -- canonical JSON, as its author wrote it
  source          TEXT NOT NULL,                -- who put it and may remove it
  revision        INTEGER NOT NULL DEFAULT 1,   -- grows with every edit
  turn            INTEGER NOT NULL DEFAULT 0,   -- grows with every write: compare-and-swap
  cursor          TEXT NOT NULL,                -- JSON: settled up to, owed rules, pauses
  zones           TEXT NOT NULL,                -- version of the zone database behind next_run_at
  reboot          INTEGER NOT NULL,
  paused          INTEGER NOT NULL,
  pause_note      TEXT NOT NULL,
  next_run_at     INTEGER,
  last_slot       INTEGER,
  disabled_reason TEXT,
  created_at      INTEGER NOT NULL,
  removed_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX cloacina_schedule_name ON cloacina_schedule (name) WHERE removed_at IS NULL;
CREATE INDEX cloacina_schedule_due ON cloacina_schedule (next_run_at) WHERE next_run_at IS NOT NULL;
CREATE INDEX cloacina_schedule_workflow ON cloacina_schedule (workflow) WHERE removed_at IS NULL;
CREATE INDEX cloacina_schedule_source ON cloacina_schedule (source) WHERE removed_at IS NULL AND source <> '';

-- The ledger. A slot fires once, by the schedule or by a backfill; one that was skipped and backfilled later has both records.
CREATE TABLE cloacina_firing (
  key       INTEGER PRIMARY KEY,
  schedule  INTEGER NOT NULL,
  slot      INTEGER NOT NULL,
  outcome   INTEGER NOT NULL,           -- 0 fired, 1 skipped
  kind      INTEGER NOT NULL,           -- Firing::Kind
  reason    INTEGER,                    -- SkipReason
  through   INTEGER NOT NULL,           -- the last slot of a skipped run
  count     INTEGER NOT NULL,
  due_at    INTEGER NOT NULL,           -- the slot plus its jitter
  fired_at  INTEGER NOT NULL,
  execution BLOB,
  backfill  INTEGER
) STRICT;
CREATE UNIQUE INDEX cloacina_firing_slot ON cloacina_firing (schedule, slot, outcome);

CREATE TABLE cloacina_backfill (
  key         INTEGER PRIMARY KEY,
  schedule    INTEGER NOT NULL,
  from_slot   INTEGER NOT NULL,
  to_slot     INTEGER NOT NULL,
  concurrency INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (schedule, from_slot, to_slot)
) STRICT;

ALTER TABLE cloacina_execution ADD COLUMN schedule INTEGER;
ALTER TABLE cloacina_execution ADD COLUMN slot INTEGER;
-- Executions with one gate count each other: a schedule's slots (its key), a backfill (minus its key).
ALTER TABLE cloacina_execution ADD COLUMN gate INTEGER;
ALTER TABLE cloacina_execution ADD COLUMN gate_max INTEGER NOT NULL DEFAULT 0;  -- how many of the gate may be open for it to start; 0: any
ALTER TABLE cloacina_execution ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;   -- store::Waiting
CREATE INDEX cloacina_execution_gate ON cloacina_execution (gate, waiting, key) WHERE gate IS NOT NULL AND status < 3;
CREATE INDEX cloacina_execution_waiting ON cloacina_execution (waiting, workflow) WHERE waiting > 0 AND status < 3;
