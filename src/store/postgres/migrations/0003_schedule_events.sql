-- What its owners did to a schedule. It outlasts the schedule.
CREATE TABLE cloacina_schedule_event (
  key      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schedule bigint NOT NULL,
  at       bigint NOT NULL,
  kind     text NOT NULL,           -- created, updated, paused, resumed, removed
  detail   text NOT NULL,
  actor    text NOT NULL            -- a user and a host
);
CREATE INDEX cloacina_schedule_event_schedule ON cloacina_schedule_event (schedule);
