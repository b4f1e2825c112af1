-- What a task keeps while it waits in defer_until or sleep_for: JSON, none when it does not wait.
ALTER TABLE cloacina_task ADD COLUMN deferred text;
-- Who did it: a user and a host, or a runner; empty where nobody did.
ALTER TABLE cloacina_event ADD COLUMN actor text NOT NULL DEFAULT '';
