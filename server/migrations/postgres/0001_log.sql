-- Times are milliseconds since the Unix epoch. Kinds and roles are numbered in store/columns.rs. What identifies something
-- is compared byte by byte, whatever the collation of the database.
-- A later migration only adds, so that a node of the version before it can go on beside it.

-- One row: the name of the log, and where the broadcasts and the revocations stand. Its lock orders those.
CREATE TABLE log_state (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch TEXT NOT NULL,
    broadcast_head BIGINT NOT NULL DEFAULT 0,
    broadcast_expired BIGINT NOT NULL DEFAULT 0,
    revocation_head BIGINT NOT NULL DEFAULT 0
);

-- Counts the proofs that the store can write. There are few slots, so that it stays small, and more than one, so
-- that nodes seldom wait for each other.
CREATE TABLE probes (
    slot BIGINT PRIMARY KEY,
    probes BIGINT NOT NULL
);

-- Everybody who was seen or to whom something was sent; last_seen is NULL for the latter. Its lock orders the inbox
-- and the notifications.
CREATE TABLE users (
    user_id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT,
    -- In lower case, for finding people by the beginning of id or name.
    id_folded TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C",
    last_seen BIGINT,
    inbox_head BIGINT NOT NULL DEFAULT 0,
    inbox_delivered BIGINT NOT NULL DEFAULT 0,
    notification_head BIGINT NOT NULL DEFAULT 0,
    notification_expired BIGINT NOT NULL DEFAULT 0,
    handed_own BIGINT NOT NULL DEFAULT 0,
    handed_broadcast BIGINT NOT NULL DEFAULT 0,
    -- The newest broadcast when the user was first seen.
    broadcast_start BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE INDEX users_by_folded_id ON users (id_folded) WHERE last_seen IS NOT NULL;
CREATE INDEX users_by_folded_name ON users (name_folded) WHERE last_seen IS NOT NULL;

-- Its lock orders the room's log.
CREATE TABLE rooms (
    room_id TEXT COLLATE "C" PRIMARY KEY,
    kind BIGINT NOT NULL,
    name TEXT,
    owner TEXT COLLATE "C",
    -- The two members of a direct room, the lesser id first.
    peer_a TEXT COLLATE "C",
    peer_b TEXT COLLATE "C",
    head_seq BIGINT NOT NULL DEFAULT 0,
    member_count BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX rooms_by_peers ON rooms (peer_a, peer_b) WHERE peer_a IS NOT NULL;
CREATE INDEX rooms_by_second_peer ON rooms (peer_b, peer_a) WHERE peer_b IS NOT NULL;
CREATE INDEX public_rooms ON rooms (room_id) WHERE kind = 0;

CREATE TABLE members (
    room_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role BIGINT NOT NULL,
    read_seq BIGINT NOT NULL,
    delivered_seq BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id)
) WITH (fillfactor = 70);

CREATE INDEX members_by_user ON members (user_id, room_id);

-- Each batch of writes takes one number and makes the ids of its messages from it. Numbers of batches that failed are
-- lost and others may become visible out of order: an id orders search results and names rows, and is no seq.
CREATE SEQUENCE message_batches AS BIGINT;

-- The log is messages and changes together: each has its own seq, and no seq is in both.
CREATE TABLE messages (
    id BIGINT PRIMARY KEY,
    message_id TEXT COLLATE "C" NOT NULL UNIQUE,
    room_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    sender_name TEXT,
    content TEXT NOT NULL,
    at BIGINT NOT NULL,
    reply_to TEXT COLLATE "C",
    client_id TEXT COLLATE "C",
    edited_at BIGINT,
    deleted BOOLEAN NOT NULL DEFAULT FALSE
);

-- Sender and deleted stand here so that unread messages are counted in the index alone.
CREATE UNIQUE INDEX messages_by_room ON messages (room_id, seq) INCLUDE (sender, deleted);

CREATE TABLE changes (
    room_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    message BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    client_id TEXT COLLATE "C",
    emoji TEXT COLLATE "C",
    PRIMARY KEY (room_id, seq)
);

CREATE TABLE reactions (
    message BIGINT NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    emoji TEXT COLLATE "C" NOT NULL,
    -- The entry that set it.
    seq BIGINT NOT NULL,
    PRIMARY KEY (message, user_id, emoji)
);

-- The words of messages that are not deleted. They are split and folded by the server, so that a search means the
-- same on every database.
CREATE TABLE message_words (
    message BIGINT PRIMARY KEY,
    words TSVECTOR NOT NULL
);

CREATE INDEX message_words_by_word ON message_words USING GIN (words);

CREATE TABLE inbox (
    user_id TEXT COLLATE "C" NOT NULL,
    inbox_seq BIGINT NOT NULL,
    room_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (user_id, inbox_seq)
);

-- Finds the place that an entry of a direct room has in a member's inbox.
CREATE UNIQUE INDEX inbox_by_entry ON inbox (user_id, room_id, seq);

-- What a (sender, id) was used for, and where that stands: the seq in the room `place`, the position in the
-- notifications of the user `place`, or the position of a broadcast.
CREATE TABLE idempotency_keys (
    sender TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    fingerprint BIGINT NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (sender, client_id)
);

CREATE TABLE notifications (
    user_id TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    notification_id TEXT COLLATE "C" NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    read BOOLEAN NOT NULL DEFAULT FALSE,
    -- A deleted one keeps its place and its key until retention takes them, but not its text.
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    sender TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C",
    -- In the order in which the store took them.
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (user_id, position)
);

CREATE UNIQUE INDEX notifications_by_id ON notifications (user_id, notification_id);
CREATE INDEX notifications_by_age ON notifications (created_at, id);
CREATE INDEX notifications_unread ON notifications (user_id, position) WHERE NOT read AND NOT deleted;

CREATE TABLE broadcasts (
    position BIGINT PRIMARY KEY,
    broadcast_id TEXT COLLATE "C" NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C"
);

CREATE INDEX broadcasts_by_age ON broadcasts (created_at, position);

-- Bans, revoked tokens and ends of all of a user's sessions.
CREATE TABLE revocations (
    kind BIGINT NOT NULL,
    -- A user's id, or the digest of a token's id.
    subject TEXT COLLATE "C" NOT NULL,
    -- From then on it has no effect; NULL: for good.
    until BIGINT,
    reason TEXT,
    revoked_by TEXT COLLATE "C" NOT NULL,
    revoked_at BIGINT NOT NULL,
    -- Taken back again. The row stays for a while, so that every node learns of it.
    lifted BOOLEAN NOT NULL DEFAULT FALSE,
    -- Counts all changes of this table: a node asks for what came after the last one that it knows.
    revision BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);

CREATE UNIQUE INDEX revocations_by_revision ON revocations (revision);
CREATE INDEX revocations_by_end ON revocations (until) WHERE until IS NOT NULL;
