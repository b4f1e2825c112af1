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

-- For any language: submits an execution as a part of the caller's transaction. It exists if and only if that is committed, and runners
-- hear of it then. The same meaning and the same limits as `Runner::submit_in`. Its tables are those of the schema that it lives in,
-- whatever the caller's search path is.
CREATE FUNCTION cloacina_submit(workflow text, input jsonb DEFAULT '{}', key text DEFAULT NULL, priority integer DEFAULT 0,
                                start_at timestamptz DEFAULT NULL, id uuid DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql SET search_path FROM CURRENT AS $submit$
#variable_conflict use_column
DECLARE
  bytes_max CONSTANT integer := 16777216;
  now_us    bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
  start_us  bigint;
  due_us    bigint;
  waits     boolean;
  who       text := 'submitting workflow ''' || coalesce(cloacina_submit.workflow, '') || ''': ';
  workflow_key bigint;
  definition_key bigint;
  definition jsonb;
  whole     jsonb;
  new_id    bytea;
  new_key   bigint;
  leaves    bigint;
BEGIN
  IF cloacina_submit.workflow IS NULL THEN
    RAISE EXCEPTION 'submitting: the workflow is missing' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT w.key, w.current, d.text::jsonb INTO workflow_key, definition_key, definition
  FROM cloacina_workflow w JOIN cloacina_definition d ON d.key = w.current WHERE w.name = cloacina_submit.workflow;
  IF NOT FOUND OR jsonb_array_length(definition->'tasks') = 0 THEN
    RAISE EXCEPTION 'there is no workflow ''%''', cloacina_submit.workflow
      USING ERRCODE = 'no_data_found', HINT = 'A runner registers it first.';
  END IF;
  IF cloacina_submit.priority IS NULL OR cloacina_submit.priority NOT BETWEEN -1000000 AND 1000000 THEN
    RAISE EXCEPTION '%priority is %, it must be from -1000000 to 1000000', who, coalesce(cloacina_submit.priority::text, 'missing')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF octet_length(cloacina_submit.key) NOT BETWEEN 1 AND 1024 THEN
    RAISE EXCEPTION '%key is of a bad length, it must have 1 to 1024 bytes', who USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF cloacina_submit.start_at < '0001-01-01Z' OR cloacina_submit.start_at >= '10000-01-01Z' THEN
    RAISE EXCEPTION '%start_at is out of range, it must be in the years 1 to 9999', who USING ERRCODE = 'invalid_parameter_value';
  END IF;
  start_us := (extract(epoch FROM cloacina_submit.start_at) * 1000000)::bigint;
  due_us := greatest(now_us, coalesce(start_us, now_us));
  waits := coalesce(start_us > now_us, false);
  whole := coalesce(cloacina_submit.input, '{}');
  IF jsonb_typeof(whole) <> 'object' THEN
    RAISE EXCEPTION '%the input is a JSON object, not %', who, jsonb_typeof(whole) USING ERRCODE = 'invalid_parameter_value';
  END IF;
  whole := coalesce(definition->'input', '{}') || whole;
  IF octet_length(whole::text) > bytes_max THEN
    RAISE EXCEPTION '%the input has % bytes; at most % can be stored', who, octet_length(whole::text), bytes_max
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF cloacina_submit.id IS NOT NULL THEN
    new_id := uuid_send(cloacina_submit.id);
  ELSE
    -- A UUIDv7: 48 bits of milliseconds, then what a random one has.
    new_id := overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send(now_us / 1000) FROM 3) FROM 1 FOR 6);
    new_id := set_byte(new_id, 6, (get_byte(new_id, 6) & 15) | 112);
  END IF;
  SELECT count(*) INTO leaves FROM jsonb_array_elements(definition->'tasks') t
  WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(definition->'tasks') o WHERE o->'after' @> jsonb_build_array(t->'name'));
  INSERT INTO cloacina_execution (key, id, workflow, definition, priority, unique_key, submitted_at, due_at, deadline_at, open_leaves, input)
  VALUES (nextval('cloacina_execution_number'), new_id, workflow_key, definition_key, cloacina_submit.priority, cloacina_submit.key, now_us,
          due_us, due_us + (definition->>'deadline_ms')::bigint * 1000, leaves, whole::text)
  ON CONFLICT DO NOTHING RETURNING cloacina_execution.key INTO new_key;
  IF new_key IS NULL THEN
    -- It was submitted before: by its key, or by its id.
    SELECT e.id INTO new_id FROM cloacina_execution e
    WHERE e.unique_key = cloacina_submit.key OR e.id = new_id ORDER BY e.unique_key = cloacina_submit.key DESC NULLS LAST LIMIT 1;
    RETURN encode(new_id, 'hex')::uuid;
  END IF;
  INSERT INTO cloacina_task (id, state, definition, rank, due_at, wake_at)
  SELECT (new_key << 16) | (t.n - 1), CASE WHEN waits THEN 2 ELSE 1 END, definition_key, -cloacina_submit.priority, due_us,
         CASE WHEN waits THEN due_us END
  FROM jsonb_array_elements(definition->'tasks') WITH ORDINALITY t (task, n)
  WHERE coalesce(jsonb_array_length(t.task->'after'), 0) = 0;
  PERFORM nextval('cloacina_change'), pg_notify('cloacina_' || left(current_schema(), 54), '');
  RETURN encode(new_id, 'hex')::uuid;
END
$submit$;
