//! A user's notifications and the broadcasts as one stream.

use tidings_protocol::Timestamp;
use tidings_protocol::entity::{Broadcast, Notification};

use super::Notice;

/// The first `limit` of both, by time, each list in its own order. Of two at the same time the own one is first.
pub(crate) fn merge_notices(
    own: Vec<(u64, Notification)>,
    broadcasts: Vec<(u64, Broadcast)>,
    limit: usize,
) -> Vec<Notice> {
    let mut own = own.into_iter().peekable();
    let mut broadcasts = broadcasts.into_iter().peekable();
    let mut merged = Vec::new();
    while merged.len() < limit {
        let next_own: Option<Timestamp> = own.peek().map(|(_, item)| item.created_at);
        let next_broadcast = broadcasts.peek().map(|(_, item)| item.created_at);
        let own_is_next = match (next_own, next_broadcast) {
            (Some(own), Some(broadcast)) => own <= broadcast,
            (own, _) => own.is_some(),
        };
        let notice = if own_is_next {
            own.next().map(|(position, item)| Notice::Own(position, Box::new(item)))
        } else {
            broadcasts.next().map(|(position, item)| Notice::Broadcast(position, Box::new(item)))
        };
        let Some(notice) = notice else { break };
        merged.push(notice);
    }
    merged
}
