-- What its owners did to a schedule. It outlasts the schedule.
CREATE TABLE cloacina_schedule_event (
  key      INTEGER PRIMARY KEY,
  schedule INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  kind     TEXT NOT NULL,           -- created, updated, paused, resumed, removed
  detail   TEXT NOT NULL,
  actor    TEXT NOT NULL            -- a user and a host
) STRICT;
CREATE INDEX cloacina_schedule_event_schedule ON cloacina_schedule_event (schedule);
