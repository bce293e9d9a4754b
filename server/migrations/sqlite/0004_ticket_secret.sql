-- What tickets are signed by where the settings hold no secret; the same for all that open this log.
ALTER TABLE log_state ADD COLUMN ticket_secret TEXT;
