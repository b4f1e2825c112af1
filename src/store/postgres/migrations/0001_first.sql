-- Times are microseconds since 1970 (UTC). Every table has our prefix: the schema may hold the application's own tables too.
--
-- An update keeps its row's index entries (HOT) when it changes no column that an index or its condition names. So executions have
-- columns for their indexes alone (odd, open_gate, waiting) which stay as they are while an ordinary execution begins and ends, and
-- their pages have room. A task's state is in the conditions of the queue's indexes: its updates pay one more entry of the primary
-- key, and the queue's indexes are as large as the work at hand.

CREATE TABLE cloacina_definition (
  key           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text NOT NULL,
  version       text NOT NULL UNIQUE,   -- content hash of `text`
  text          text NOT NULL,          -- canonical JSON: everything but the code
  only_commands smallint NOT NULL,
  registered_at bigint NOT NULL
);

-- The version of each workflow that submissions use: the one registered last.
CREATE TABLE cloacina_workflow (
  key     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name    text COLLATE "C" NOT NULL UNIQUE,
  current bigint NOT NULL REFERENCES cloacina_definition (key)
);

CREATE SEQUENCE cloacina_execution_number;

CREATE TABLE cloacina_execution (
  key          bigint PRIMARY KEY,      -- order of submission
  id           bytea NOT NULL UNIQUE,   -- UUIDv7
  workflow     bigint NOT NULL,
  definition   bigint NOT NULL,
  priority     integer NOT NULL,
  status       smallint NOT NULL DEFAULT 0,  -- ExecutionStatus
  odd          smallint,                -- the status, when it is Paused, Failed or Cancelled
  waiting      smallint NOT NULL DEFAULT 0,  -- store::Waiting; 0 when it has ended
  retried      smallint NOT NULL DEFAULT 0,
  gate_max     integer NOT NULL DEFAULT 0,   -- how many of the gate may be open for it to start; 0: any
  open_leaves  integer NOT NULL,        -- leaves that are not terminal; 0 ends the execution
  failed       integer NOT NULL DEFAULT 0,
  submitted_at bigint NOT NULL,
  due_at       bigint NOT NULL,
  started_at   bigint,
  finished_at  bigint,
  deadline_at  bigint,                  -- none when it has ended
  schedule     bigint,
  slot         bigint,
  gate         bigint,                  -- executions with one gate count each other: a schedule's slots (its key), a backfill (minus its key)
  open_gate    bigint,                  -- the gate, until it has ended
  unique_key   text,
  input        text NOT NULL,
  error        text,
  pause_reason text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX cloacina_execution_workflow ON cloacina_execution (workflow, key);
CREATE UNIQUE INDEX cloacina_execution_unique_key ON cloacina_execution (unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX cloacina_execution_deadline ON cloacina_execution (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX cloacina_execution_odd ON cloacina_execution (odd, key) WHERE odd IS NOT NULL;
CREATE INDEX cloacina_execution_gate ON cloacina_execution (open_gate, waiting, key) WHERE open_gate IS NOT NULL;
CREATE INDEX cloacina_execution_waiting ON cloacina_execution (waiting, workflow, key) WHERE waiting > 0;

-- One row a task, made when there is something to say: NotStarted most often has none.
CREATE TABLE cloacina_task (
  id          bigint PRIMARY KEY,       -- execution key * 65536 + position in the workflow
  definition  bigint NOT NULL,
  due_at      bigint NOT NULL,          -- its place in the queue
  wake_at     bigint,                   -- Delayed: when it may run
  fence       bigint NOT NULL DEFAULT 0,
  runner      bigint,
  started_at  bigint,
  finished_at bigint,
  rank        bigint NOT NULL,          -- minus the priority
  number      integer NOT NULL DEFAULT 0,    -- runs
  failures    integer NOT NULL DEFAULT 0,    -- runs that failed, as the retry policy counts them
  done        integer NOT NULL DEFAULT 0,    -- dependencies that are terminal,
  completed   integer NOT NULL DEFAULT 0,    -- ... Completed,
  failed      integer NOT NULL DEFAULT 0,    -- ... Failed, or skipped below a failure
  crashes     integer NOT NULL DEFAULT 0,
  state       smallint NOT NULL,        -- store::State
  changes     text,                     -- what it changed in the context
  error       text
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX cloacina_task_ready ON cloacina_task (definition, rank, due_at, id) WHERE state = 1;
CREATE INDEX cloacina_task_last_chance ON cloacina_task (definition, rank, due_at, id) WHERE state = 9;
CREATE INDEX cloacina_task_delayed ON cloacina_task (wake_at) WHERE state = 2;
CREATE INDEX cloacina_task_running ON cloacina_task (runner) WHERE state = 4;

-- Attempts that did not complete; the one that did is told by the task's row.
CREATE TABLE cloacina_attempt (
  task        bigint NOT NULL,
  number      integer NOT NULL,
  status      smallint NOT NULL,        -- AttemptStatus
  exit        integer,
  runner      bigint,
  fence       bigint NOT NULL,
  started_at  bigint,
  finished_at bigint,
  error       text,
  PRIMARY KEY (task, number)
);

CREATE TABLE cloacina_output (
  task      bigint NOT NULL,
  number    integer NOT NULL,
  stream    smallint NOT NULL,          -- 1 stdout, 2 stderr
  truncated smallint NOT NULL,
  text      bytea NOT NULL,             -- as it was printed: a zero is no end
  PRIMARY KEY (task, number, stream)
);

CREATE TABLE cloacina_event (
  key       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  execution bigint NOT NULL,
  at        bigint NOT NULL,
  position  integer,
  kind      text NOT NULL,
  detail    text NOT NULL
);
CREATE INDEX cloacina_event_execution ON cloacina_event (execution);

CREATE TABLE cloacina_runner (
  key           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id            text NOT NULL UNIQUE,
  name          text NOT NULL,
  host          text NOT NULL,
  pid           integer NOT NULL,
  workers       integer NOT NULL,
  any_commands  smallint NOT NULL,
  written_off   integer NOT NULL DEFAULT 0,
  knows         text NOT NULL DEFAULT '[]',  -- keys of definitions
  started_at    bigint NOT NULL,
  heartbeat_at  bigint NOT NULL,
  lease_until   bigint NOT NULL,        -- by this server's clock: dead from then on
  stopped_at    bigint,
  died          smallint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX cloacina_runner_open ON cloacina_runner (key) WHERE stopped_at IS NULL;

CREATE TABLE cloacina_schedule (
  key             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id              bytea NOT NULL UNIQUE,       -- UUIDv7
  name            text COLLATE "C" NOT NULL,
  workflow        text NOT NULL,               -- its name: it need not be known yet
  definition      text NOT NULL,               -- canonical JSON, as its author wrote it
  source          text NOT NULL,               -- who put it and may remove it
  revision        bigint NOT NULL DEFAULT 1,   -- grows with every edit
  turn            bigint NOT NULL DEFAULT 0,   -- grows with every write: compare-and-swap
  cursor          text NOT NULL,               -- JSON: settled up to, owed rules, pauses
  zones           text NOT NULL,               -- version of the zone database behind next_run_at
  reboot          smallint NOT NULL,
  paused          smallint NOT NULL,
  pause_note      text NOT NULL,
  next_run_at     bigint,
  last_slot       bigint,
  disabled_reason text,
  created_at      bigint NOT NULL,
  removed_at      bigint
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX cloacina_schedule_name ON cloacina_schedule (name) WHERE removed_at IS NULL;
CREATE INDEX cloacina_schedule_due ON cloacina_schedule (next_run_at) WHERE next_run_at IS NOT NULL;
CREATE INDEX cloacina_schedule_workflow ON cloacina_schedule (workflow, name) WHERE removed_at IS NULL;
CREATE INDEX cloacina_schedule_source ON cloacina_schedule (source, name) WHERE removed_at IS NULL AND source <> '';

-- The ledger. A slot fires once, by the schedule or by a backfill; one that was skipped and backfilled later has both records.
CREATE TABLE cloacina_firing (
  key       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schedule  bigint NOT NULL,
  slot      bigint NOT NULL,
  outcome   smallint NOT NULL,          -- 0 fired, 1 skipped
  kind      smallint NOT NULL,          -- Firing::Kind
  reason    smallint,                   -- SkipReason
  through   bigint NOT NULL,            -- the last slot of a skipped run
  count     bigint NOT NULL,
  due_at    bigint NOT NULL,            -- the slot plus its jitter
  fired_at  bigint NOT NULL,
  execution bytea,
  backfill  bigint
);
CREATE UNIQUE INDEX cloacina_firing_slot ON cloacina_firing (schedule, slot, outcome);

CREATE TABLE cloacina_backfill (
  key         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schedule    bigint NOT NULL,
  from_slot   bigint NOT NULL,
  to_slot     bigint NOT NULL,
  concurrency integer NOT NULL,
  created_at  bigint NOT NULL,
  UNIQUE (schedule, from_slot, to_slot)
);

-- Grows after commits that others may want to see. No row, so that nobody waits for anybody.
CREATE SEQUENCE cloacina_change;
