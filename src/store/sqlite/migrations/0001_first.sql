-- Times are microseconds since 1970 (UTC). Every table has our prefix: the file may hold the application's own tables too.

CREATE TABLE cloacina_definition (
  key           INTEGER PRIMARY KEY,
  name          TEXT NOT NULL,
  version       TEXT NOT NULL UNIQUE,   -- content hash of `text`
  text          TEXT NOT NULL,          -- canonical JSON: everything but the code
  only_commands INTEGER NOT NULL,
  registered_at INTEGER NOT NULL
) STRICT;

-- The version of each workflow that submissions use: the one registered last.
CREATE TABLE cloacina_workflow (
  key     INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  current INTEGER NOT NULL REFERENCES cloacina_definition (key)
) STRICT;

CREATE TABLE cloacina_execution (
  key          INTEGER PRIMARY KEY,     -- order of submission
  id           BLOB NOT NULL UNIQUE,    -- UUIDv7
  workflow     INTEGER NOT NULL,
  definition   INTEGER NOT NULL,
  status       INTEGER NOT NULL,        -- ExecutionStatus
  priority     INTEGER NOT NULL,
  unique_key   TEXT,
  submitted_at INTEGER NOT NULL,
  due_at       INTEGER NOT NULL,
  started_at   INTEGER,
  finished_at  INTEGER,
  deadline_at  INTEGER,
  open_leaves  INTEGER NOT NULL,        -- leaves that are not terminal; 0 ends the execution
  failed       INTEGER NOT NULL DEFAULT 0,
  retried      INTEGER NOT NULL DEFAULT 0,
  input        TEXT NOT NULL,
  error        TEXT,
  pause_reason TEXT
) STRICT;
CREATE INDEX cloacina_execution_workflow ON cloacina_execution (workflow);
CREATE UNIQUE INDEX cloacina_execution_unique_key ON cloacina_execution (unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX cloacina_execution_deadline ON cloacina_execution (deadline_at) WHERE deadline_at IS NOT NULL AND status < 3;
-- Pending and Running executions are found through their tasks; this index is touched by neither.
CREATE INDEX cloacina_execution_odd ON cloacina_execution (status) WHERE status IN (2, 4, 5);

-- One row a task, made when there is something to say: NotStarted most often has none.
CREATE TABLE cloacina_task (
  id          INTEGER PRIMARY KEY,      -- execution key * 65536 + position in the workflow
  state       INTEGER NOT NULL,         -- store::State
  definition  INTEGER NOT NULL,
  rank        INTEGER NOT NULL,         -- minus the priority
  due_at      INTEGER NOT NULL,         -- its place in the queue
  wake_at     INTEGER,                  -- Delayed: when it may run
  fence       INTEGER NOT NULL DEFAULT 0,
  number      INTEGER NOT NULL DEFAULT 0,   -- runs
  failures    INTEGER NOT NULL DEFAULT 0,   -- runs that failed, as the retry policy counts them
  crashes     INTEGER NOT NULL DEFAULT 0,
  done        INTEGER NOT NULL DEFAULT 0,   -- dependencies that are terminal,
  completed   INTEGER NOT NULL DEFAULT 0,   -- ... Completed,
  failed      INTEGER NOT NULL DEFAULT 0,   -- ... Failed, or skipped below a failure
  runner      INTEGER,
  started_at  INTEGER,
  finished_at INTEGER,
  changes     TEXT,                     -- what it changed in the context
  error       TEXT
) STRICT;
CREATE INDEX cloacina_task_ready ON cloacina_task (definition, rank, due_at) WHERE state = 1;
CREATE INDEX cloacina_task_last_chance ON cloacina_task (definition, rank, due_at) WHERE state = 9;
CREATE INDEX cloacina_task_delayed ON cloacina_task (wake_at) WHERE state = 2;
CREATE INDEX cloacina_task_running ON cloacina_task (runner) WHERE state = 4;

-- Attempts that did not complete; the one that did is told by the task's row.
CREATE TABLE cloacina_attempt (
  task        INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  status      INTEGER NOT NULL,         -- AttemptStatus
  runner      INTEGER,
  fence       INTEGER NOT NULL,
  started_at  INTEGER,
  finished_at INTEGER,
  error       TEXT,
  exit        INTEGER,
  PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE cloacina_output (
  task      INTEGER NOT NULL,
  number    INTEGER NOT NULL,
  stream    INTEGER NOT NULL,           -- 1 stdout, 2 stderr
  text      TEXT NOT NULL,
  truncated INTEGER NOT NULL,
  PRIMARY KEY (task, number, stream)
) STRICT;

CREATE TABLE cloacina_event (
  key       INTEGER PRIMARY KEY,
  execution INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  position  INTEGER,
  kind      TEXT NOT NULL,
  detail    TEXT NOT NULL
) STRICT;
CREATE INDEX cloacina_event_execution ON cloacina_event (execution);

CREATE TABLE cloacina_runner (
  key           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: it is the byte of the lock file that shows life
  id            TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  host          TEXT NOT NULL,
  pid           INTEGER NOT NULL,
  workers       INTEGER NOT NULL,
  any_commands  INTEGER NOT NULL,
  written_off   INTEGER NOT NULL DEFAULT 0,
  knows         TEXT NOT NULL DEFAULT '[]',         -- keys of definitions
  started_at    INTEGER NOT NULL,
  stopped_at    INTEGER,
  died          INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX cloacina_runner_open ON cloacina_runner (key) WHERE stopped_at IS NULL;
