-- Times are milliseconds since the Unix epoch. Kinds and roles are numbered in store/sqlite/row.rs.

-- One row: the name of the log, and where the broadcasts stand.
CREATE TABLE log_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch TEXT NOT NULL,
    broadcast_head INTEGER NOT NULL DEFAULT 0,
    broadcast_expired INTEGER NOT NULL DEFAULT 0,
    -- Counts the proofs that the store can write.
    probes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Everybody who was seen or to whom something was sent; last_seen is NULL for the latter.
CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    name TEXT,
    -- In lower case, for finding people by the beginning of id or name.
    id_folded TEXT NOT NULL,
    name_folded TEXT,
    last_seen INTEGER,
    inbox_head INTEGER NOT NULL DEFAULT 0,
    inbox_delivered INTEGER NOT NULL DEFAULT 0,
    notification_head INTEGER NOT NULL DEFAULT 0,
    notification_expired INTEGER NOT NULL DEFAULT 0,
    handed_own INTEGER NOT NULL DEFAULT 0,
    handed_broadcast INTEGER NOT NULL DEFAULT 0,
    -- The newest broadcast when the user was first seen.
    broadcast_start INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX users_by_folded_id ON users (id_folded) WHERE last_seen IS NOT NULL;
CREATE INDEX users_by_folded_name ON users (name_folded) WHERE last_seen IS NOT NULL;

CREATE TABLE rooms (
    room_id TEXT PRIMARY KEY,
    kind INTEGER NOT NULL,
    name TEXT,
    owner TEXT,
    -- The two members of a direct room, the lesser id first.
    peer_a TEXT,
    peer_b TEXT,
    head_seq INTEGER NOT NULL DEFAULT 0,
    member_count INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX rooms_by_peers ON rooms (peer_a, peer_b) WHERE peer_a IS NOT NULL;
CREATE INDEX rooms_by_second_peer ON rooms (peer_b, peer_a) WHERE peer_b IS NOT NULL;
CREATE INDEX public_rooms ON rooms (room_id) WHERE kind = 0;

CREATE TABLE members (
    room_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role INTEGER NOT NULL,
    read_seq INTEGER NOT NULL,
    delivered_seq INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user_id, room_id);

-- The log is messages and changes together: each has its own seq, and no seq is in both.
CREATE TABLE messages (
    -- In the order in which the store took them.
    id INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    room_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sender TEXT NOT NULL,
    sender_name TEXT,
    content TEXT NOT NULL,
    at INTEGER NOT NULL,
    reply_to TEXT,
    client_id TEXT,
    edited_at INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Sender and deleted stand here so that unread messages are counted in the index alone.
CREATE UNIQUE INDEX messages_by_room ON messages (room_id, seq, sender, deleted);

CREATE TABLE changes (
    room_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    message INTEGER NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    client_id TEXT,
    emoji TEXT,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE reactions (
    message INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    emoji TEXT NOT NULL,
    -- The entry that set it.
    seq INTEGER NOT NULL,
    PRIMARY KEY (message, user_id, emoji)
) STRICT, WITHOUT ROWID;

-- Holds no text of its own: rowid is messages.id.
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    content,
    content = '',
    contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE inbox (
    user_id TEXT NOT NULL,
    inbox_seq INTEGER NOT NULL,
    room_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (user_id, inbox_seq)
) STRICT, WITHOUT ROWID;

-- What a (sender, id) was used for, and where that stands: the seq in the room `place`, the position in the
-- notifications of the user `place`, or the position of a broadcast.
CREATE TABLE idempotency_keys (
    sender TEXT NOT NULL,
    client_id TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    place TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (sender, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications (
    -- In the order in which the store took them.
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    notification_id TEXT NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    read INTEGER NOT NULL DEFAULT 0,
    -- A deleted one keeps its place and its key until retention takes them, but not its text.
    deleted INTEGER NOT NULL DEFAULT 0,
    sender TEXT NOT NULL,
    client_id TEXT
) STRICT;

CREATE UNIQUE INDEX notifications_by_user ON notifications (user_id, position);
CREATE UNIQUE INDEX notifications_by_id ON notifications (user_id, notification_id);
CREATE INDEX notifications_by_age ON notifications (created_at, id);
CREATE INDEX notifications_unread ON notifications (user_id, position) WHERE read = 0 AND deleted = 0;

CREATE TABLE broadcasts (
    position INTEGER PRIMARY KEY,
    broadcast_id TEXT NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sender TEXT NOT NULL,
    client_id TEXT
) STRICT;

CREATE INDEX broadcasts_by_age ON broadcasts (created_at, position);
