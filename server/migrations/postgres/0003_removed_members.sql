-- Who was put out of a room, or has given up the membership: a RESUME does not bring them back, a join does.
CREATE TABLE IF NOT EXISTS removed_members (
    room_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (room_id, user_id)
);
