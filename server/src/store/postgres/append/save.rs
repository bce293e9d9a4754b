//! Writing what a run of appends has made: each table once, and what nearly every run has in one statement.

use sqlx::postgres::PgConnection;
use tidings_protocol::entity::{Role, RoomKind};
use tidings_protocol::{ClientId, MessageId, RoomId, Timestamp, UserId};

use super::super::super::columns::{kind_number, number, role_number};
use super::super::super::plan::{Made, Plan};
use super::super::error::Failure;
use super::super::text::{stored, words};

pub(super) async fn save(conn: &mut PgConnection, plan: &Plan) -> Result<(), Failure> {
    let made = &plan.made;
    if made.heads.is_empty() {
        return Ok(());
    }
    new_rooms(conn, made).await?;
    entries(conn, plan).await?;
    edited(conn, made).await?;
    changes(conn, made).await?;
    reactions(conn, made).await?;
    inboxes(conn, plan).await
}

const NEW_ROOMS: &str = "
WITH made AS (
    INSERT INTO rooms (room_id, kind, peer_a, peer_b, member_count)
    SELECT room_id, $4, peer_a, peer_b, CASE WHEN peer_a = peer_b THEN 1 ELSE 2 END
    FROM unnest($1::text[], $2::text[], $3::text[]) j (room_id, peer_a, peer_b)
)
INSERT INTO members (room_id, user_id, role, read_seq, delivered_seq)
SELECT room_id, peer_a, $5, 0, 0 FROM unnest($1::text[], $2::text[]) j (room_id, peer_a)
UNION
SELECT room_id, peer_b, $5, 0, 0 FROM unnest($1::text[], $3::text[]) j (room_id, peer_b)";

async fn new_rooms(conn: &mut PgConnection, made: &Made) -> Result<(), Failure> {
    if made.rooms.is_empty() {
        return Ok(());
    }
    let rooms: Vec<&str> = made.rooms.iter().map(|room| room.room_id.as_str()).collect();
    let (a, b): (Vec<&str>, Vec<&str>) =
        made.rooms.iter().map(|room| (room.peers[0].as_str(), room.peers[1].as_str())).unzip();
    let insert = sqlx::query(NEW_ROOMS).bind(rooms).bind(a).bind(b);
    insert.bind(kind_number(RoomKind::Direct)).bind(role_number(Role::Member)).execute(conn).await?;
    Ok(())
}

// The parts do not see each other, and need not.
const ENTRIES: &str = "
WITH new_messages AS (
    INSERT INTO messages (id, message_id, room_id, seq, sender, sender_name, content, at, reply_to, client_id,
                          edited_at, deleted)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                         $8::bigint[], $9::text[], $10::text[], $11::bigint[], $12::boolean[])
), new_words AS (
    INSERT INTO message_words (message, words)
    SELECT id, array_to_tsvector(string_to_array(words, ' '))
    FROM unnest($1::bigint[], $13::text[], $12::boolean[]) j (id, words, deleted)
    WHERE NOT deleted
), new_keys AS (
    INSERT INTO idempotency_keys (sender, client_id, fingerprint, place, position)
    SELECT * FROM unnest($14::text[], $15::text[], $16::bigint[], $17::text[], $18::bigint[])
), read AS (
    UPDATE members me SET read_seq = j.seq
    FROM unnest($19::text[], $20::text[], $21::bigint[]) j (room_id, user_id, seq)
    WHERE me.room_id = j.room_id AND me.user_id = j.user_id
)
UPDATE rooms r SET head_seq = j.head
FROM unnest($22::text[], $23::bigint[]) j (room_id, head)
WHERE r.room_id = j.room_id";

async fn entries(conn: &mut PgConnection, plan: &Plan) -> Result<(), Failure> {
    let made = &plan.made;
    let new = &made.messages;
    let keys = &made.keys;
    let heads: Vec<(&str, i64)> = made
        .heads
        .iter()
        .filter_map(|room| Some((room.as_str(), number(plan.rooms.get(room)?.head))))
        .collect();
    let (head_rooms, head_seqs): (Vec<&str>, Vec<i64>) = heads.into_iter().unzip();
    let query = sqlx::query(ENTRIES)
        .bind(new.iter().map(|m| m.id).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.message_id.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.room_id.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|m| number(m.seq)).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.sender.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.sender_name.as_deref().map(stored)).collect::<Vec<_>>())
        .bind(new.iter().map(|m| stored(&m.content)).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.at.as_millis()).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.reply_to.as_ref().map(MessageId::as_str)).collect::<Vec<_>>())
        .bind(new.iter().map(|m| client_id(m.client_id.as_ref())).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.edited_at.map(Timestamp::as_millis)).collect::<Vec<_>>())
        .bind(new.iter().map(|m| m.deleted).collect::<Vec<_>>())
        .bind(new.iter().map(|m| words(&m.content)).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.sender.as_str()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| stored(key.client_id.as_str())).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.fingerprint).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.room_id.as_str()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| number(key.seq)).collect::<Vec<_>>())
        .bind(made.read.keys().map(|(room, _)| room.as_str()).collect::<Vec<_>>())
        .bind(made.read.keys().map(|(_, user)| user.as_str()).collect::<Vec<_>>())
        .bind(made.read.values().map(|seq| number(*seq)).collect::<Vec<_>>());
    query.bind(head_rooms).bind(head_seqs).execute(conn).await?;
    Ok(())
}

// A deleted message has no text; without an edit, text and words stay.
const EDITED: &str = "
WITH edits AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::boolean[], $5::text[])
        j (id, content, edited_at, deleted, words)
), forgotten AS (
    DELETE FROM message_words w USING edits j WHERE w.message = j.id AND j.deleted
), found AS (
    UPDATE message_words w SET words = array_to_tsvector(string_to_array(j.words, ' '))
    FROM edits j WHERE w.message = j.id AND NOT j.deleted AND j.words IS NOT NULL
)
UPDATE messages m SET
    content = CASE WHEN j.deleted THEN '' ELSE coalesce(j.content, m.content) END,
    edited_at = coalesce(j.edited_at, m.edited_at),
    deleted = j.deleted
FROM edits j WHERE m.id = j.id";

async fn edited(conn: &mut PgConnection, made: &Made) -> Result<(), Failure> {
    if made.edited.is_empty() {
        return Ok(());
    }
    let edits = || made.edited.values();
    let query = sqlx::query(EDITED)
        .bind(made.edited.keys().copied().collect::<Vec<_>>())
        .bind(edits().map(|e| e.edit.as_ref().map(|(content, _)| stored(content))).collect::<Vec<_>>())
        .bind(edits().map(|e| e.edit.as_ref().map(|(_, at)| at.as_millis())).collect::<Vec<_>>())
        .bind(edits().map(|e| e.deleted).collect::<Vec<_>>())
        .bind(edits().map(|e| e.edit.as_ref().map(|(content, _)| words(content))).collect::<Vec<_>>());
    query.execute(conn).await?;
    Ok(())
}

const CHANGES: &str = "
INSERT INTO changes (room_id, seq, kind, message, actor, at, client_id, emoji)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::text[],
                     $8::text[])";

async fn changes(conn: &mut PgConnection, made: &Made) -> Result<(), Failure> {
    let new = &made.changes;
    if new.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(CHANGES)
        .bind(new.iter().map(|c| c.room_id.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|c| number(c.seq)).collect::<Vec<_>>())
        .bind(new.iter().map(|c| c.kind).collect::<Vec<_>>())
        .bind(new.iter().map(|c| c.message).collect::<Vec<_>>())
        .bind(new.iter().map(|c| c.actor.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|c| c.at.as_millis()).collect::<Vec<_>>())
        .bind(new.iter().map(|c| client_id(c.client_id.as_ref())).collect::<Vec<_>>())
        .bind(new.iter().map(|c| c.emoji.as_deref().map(stored)).collect::<Vec<_>>());
    query.execute(conn).await?;
    Ok(())
}

const UNSET_REACTIONS: &str = "
DELETE FROM reactions r USING unnest($1::bigint[], $2::text[], $3::text[]) j (message, user_id, emoji)
WHERE r.message = j.message AND r.user_id = j.user_id AND r.emoji = j.emoji";

const CLEAR_REACTIONS: &str = "DELETE FROM reactions WHERE message = ANY($1)";

const SET_REACTIONS: &str = "
INSERT INTO reactions (message, user_id, emoji, seq)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])";

async fn reactions(conn: &mut PgConnection, made: &Made) -> Result<(), Failure> {
    if !made.reactions.is_empty() {
        let touched = || made.reactions.keys();
        let unset = sqlx::query(UNSET_REACTIONS)
            .bind(touched().map(|(message, _, _)| *message).collect::<Vec<_>>())
            .bind(touched().map(|(_, user, _)| user.as_str()).collect::<Vec<_>>())
            .bind(touched().map(|(_, _, emoji)| stored(emoji)).collect::<Vec<_>>());
        unset.execute(&mut *conn).await?;
    }
    if !made.cleared.is_empty() {
        let cleared: Vec<i64> = made.cleared.iter().copied().collect();
        sqlx::query(CLEAR_REACTIONS).bind(cleared).execute(&mut *conn).await?;
    }
    let set: Vec<(i64, &UserId, &str, u64)> = made
        .reactions
        .iter()
        .filter(|((message, _, _), _)| !made.cleared.contains(message))
        .filter_map(|((message, user, emoji), seq)| Some((*message, user, emoji.as_str(), (*seq)?)))
        .collect();
    if !set.is_empty() {
        let insert = sqlx::query(SET_REACTIONS)
            .bind(set.iter().map(|one| one.0).collect::<Vec<_>>())
            .bind(set.iter().map(|one| one.1.as_str()).collect::<Vec<_>>())
            .bind(set.iter().map(|one| stored(one.2)).collect::<Vec<_>>())
            .bind(set.iter().map(|one| number(one.3)).collect::<Vec<_>>());
        insert.execute(conn).await?;
    }
    Ok(())
}

const INBOX: &str = "
WITH new_entries AS (
    INSERT INTO inbox (user_id, inbox_seq, room_id, seq)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[])
)
INSERT INTO users (user_id, id_folded, inbox_head)
SELECT * FROM unnest($5::text[], $6::text[], $7::bigint[])
ON CONFLICT (user_id) DO UPDATE SET inbox_head = excluded.inbox_head";

async fn inboxes(conn: &mut PgConnection, plan: &Plan) -> Result<(), Failure> {
    let made = &plan.made;
    if made.inbox.is_empty() {
        return Ok(());
    }
    let heads: Vec<(&UserId, u64)> =
        made.inboxes.iter().filter_map(|user| Some((user, *plan.inbox_heads.get(user)?))).collect();
    let query = sqlx::query(INBOX)
        .bind(made.inbox.iter().map(|one| one.0.as_str()).collect::<Vec<_>>())
        .bind(made.inbox.iter().map(|one| number(one.1)).collect::<Vec<_>>())
        .bind(made.inbox.iter().map(|one| RoomId::as_str(&one.2)).collect::<Vec<_>>())
        .bind(made.inbox.iter().map(|one| number(one.3)).collect::<Vec<_>>())
        .bind(heads.iter().map(|(user, _)| user.as_str()).collect::<Vec<_>>())
        .bind(heads.iter().map(|(user, _)| user.as_str().to_lowercase()).collect::<Vec<_>>())
        .bind(heads.iter().map(|(_, head)| number(*head)).collect::<Vec<_>>());
    query.execute(conn).await?;
    Ok(())
}

fn client_id(id: Option<&ClientId>) -> Option<String> {
    id.map(|id| stored(id.as_str()))
}
