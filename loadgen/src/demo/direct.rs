//! Direct conversations.

use tidings_client_native::{Acked, Entry};
use tidings_protocol::UserId;

use super::script::DIRECT;
use super::team::Team;
use super::{Count, rooms, send};
use crate::error::Error;

/// Has both sides of each conversation say their lines, and read what they have read.
pub(super) async fn fill(team: &Team) -> Result<Count, Error> {
    let mut count = Count::default();
    for conversation in DIRECT {
        let [one, other] = conversation.between;
        let mut said: Vec<Acked> = Vec::new();
        for (n, line) in conversation.lines.iter().enumerate() {
            let entry = Entry::Private {
                recipient: UserId::new(if line.by == one { other } else { one })?,
                content: line.text.to_owned(),
                reply_to: line.reply.and_then(|n| said.get(n)?.message_id.clone()),
            };
            let id = format!("demo-{one}-{other}-{n}");
            let acked = send(&team.member(line.by)?.client, &id, entry).await?;
            count.add(&acked);
            count += rooms::after(team, &id, line, &acked).await?;
            said.push(acked);
        }
        let head = said.iter().filter_map(|acked| acked.seq).max().unwrap_or_default();
        // The server names the room of two.
        let Some(room) = said.iter().find_map(|acked| acked.room_id.as_ref()) else { continue };
        for id in conversation.between.iter().filter(|id| conversation.unread_by != Some(**id)) {
            team.member(id)?.client.read(room.as_str(), head).await?;
        }
    }
    Ok(count)
}
