-- Bans, revoked tokens and ends of all of a user's sessions. Kinds are numbered in store/sqlite/revocations.rs.
CREATE TABLE revocations (
    kind INTEGER NOT NULL,
    -- A user's id, or the digest of a token's id.
    subject TEXT NOT NULL,
    -- From then on it has no effect; NULL: for good.
    until INTEGER,
    reason TEXT,
    revoked_by TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    -- Taken back again. The row stays for a while, so that every node learns of it.
    lifted INTEGER NOT NULL DEFAULT 0,
    -- Counts all changes of this table: a node asks for what came after the last one that it knows.
    revision INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX revocations_by_revision ON revocations (revision);
CREATE INDEX revocations_by_end ON revocations (until) WHERE until IS NOT NULL;
