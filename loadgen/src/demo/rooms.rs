//! The rooms: made, joined, and filled line by line.

use serde_json::Value;
use tidings_client_native::{Acked, Entry};
use tidings_protocol::entity::RoomKind;
use tidings_protocol::http::CreateRoom;
use tidings_protocol::{MessageId, RoomId, UserId};

use super::script::{Line, ROOMS, Room};
use super::team::Team;
use super::{Count, send};
use crate::error::Error;

/// Makes the rooms that do not stand yet, and has everybody join theirs: before the first line, since who joins
/// has read all that is there.
pub(super) async fn open(team: &Team) -> Result<(), Error> {
    for room in ROOMS {
        create(team, room).await?;
        for id in room.members {
            team.member(id)?.client.join(room.id).await?;
        }
    }
    eprintln!("demo: {} rooms are open", ROOMS.len());
    Ok(())
}

/// Has everybody say their lines, and read what they have read.
pub(super) async fn fill(team: &Team) -> Result<Count, Error> {
    let mut count = Count::default();
    for room in ROOMS {
        let mut said: Vec<Acked> = Vec::new();
        for (n, line) in room.lines.iter().enumerate() {
            let entry = Entry::Chat {
                room: RoomId::new(room.id)?,
                content: line.text.to_owned(),
                reply_to: line.reply.and_then(|n| said.get(n)?.message_id.clone()),
            };
            let id = format!("demo-{}-{n}", room.id);
            let acked = send(&team.member(line.by)?.client, &id, entry).await?;
            count.add(&acked);
            said.push(acked);
        }
        for (n, (line, acked)) in room.lines.iter().zip(&said).enumerate() {
            count += after(team, &format!("demo-{}-{n}", room.id), line, acked).await?;
        }
        let head = said.iter().filter_map(|acked| acked.seq).max().unwrap_or_default();
        for id in room.members.iter().filter(|id| !room.unread_by.contains(id)) {
            team.member(id)?.client.read(room.id, head).await?;
        }
    }
    Ok(count)
}

/// What happens to a line once it is said: reactions, an edit, a deletion.
pub(super) async fn after(team: &Team, id: &str, line: &Line, acked: &Acked) -> Result<Count, Error> {
    let mut count = Count::default();
    let (Some(room), Some(message)) = (&acked.room_id, &acked.message_id) else { return Ok(count) };
    let (room, message): (RoomId, MessageId) = (room.clone(), message.clone());
    for (n, (by, emoji)) in line.reactions.iter().enumerate() {
        let emoji = (*emoji).to_owned();
        let entry = Entry::React { room: room.clone(), message: message.clone(), emoji, remove: false };
        count.add(&send(&team.member(by)?.client, &format!("{id}-react-{n}"), entry).await?);
    }
    if let Some(content) = line.edited {
        let entry = Entry::Edit { room: room.clone(), message: message.clone(), content: content.to_owned() };
        count.add(&send(&team.member(line.by)?.client, &format!("{id}-edit"), entry).await?);
    }
    if line.deleted {
        let entry = Entry::Delete { room, message };
        count.add(&send(&team.member(line.by)?.client, &format!("{id}-delete"), entry).await?);
    }
    Ok(count)
}

async fn create(team: &Team, room: &Room) -> Result<(), Error> {
    let owner = team.member(room.members.first().copied().unwrap_or_default())?;
    let members: Result<Vec<UserId>, _> = room.members.iter().map(|id| UserId::new(*id)).collect();
    let body = CreateRoom {
        room_id: RoomId::new(room.id)?,
        name: Some(room.name.to_owned()),
        kind: if room.private { RoomKind::Private } else { RoomKind::Public },
        // A public room is joined by whoever wants to.
        members: room.private.then_some(members?),
    };
    match team.api().post::<Value>(&owner.token, "/api/v1/rooms", &body).await {
        Ok(_) | Err(Error::Refused { status: 409, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
