-- Who was put out of a room, or has given up the membership: a RESUME does not bring them back, a join does.
CREATE TABLE removed_members (
    room_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;
