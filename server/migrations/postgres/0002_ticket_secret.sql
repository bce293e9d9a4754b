-- What tickets are signed by where the settings hold no secret; the same for all nodes.
ALTER TABLE log_state ADD COLUMN IF NOT EXISTS ticket_secret TEXT;
