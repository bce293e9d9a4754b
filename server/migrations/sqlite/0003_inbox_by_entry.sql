-- Finds the place that an entry of a direct room has in a member's inbox.
CREATE UNIQUE INDEX inbox_by_entry ON inbox (user_id, room_id, seq);
