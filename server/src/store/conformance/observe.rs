//! Everything that can be read from a store about some users and rooms, as lines that can be compared.

use std::slice;

use tidings_protocol::{RoomId, UserId};

use crate::store::{HistoryPage, NotificationPosition, Reach, RoomMatch, SearchQuery, Store};

/// Of whom and of what.
pub(crate) struct Scope {
    pub(crate) users: Vec<UserId>,
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) words: Vec<String>,
}

macro_rules! line {
    ($lines:ident, $($what:expr),+ => $read:expr) => {
        $lines.push(format!("{:?} => {:?}", ($(&$what,)+), $read.await.unwrap()))
    };
}

/// Pages are read small and large, from the beginning, the middle and beyond the end.
pub(crate) async fn observe(store: &dyn Store, scope: &Scope) -> Vec<String> {
    let mut lines = Vec::new();
    line!(lines, "epoch" => store.epoch());
    for prefix in ["", "a", "B", "user", "Ä", "zz"] {
        line!(lines, "users", prefix => store.users(prefix, 2));
        line!(lines, "users", prefix => store.users(prefix, 100));
    }
    for user in &scope.users {
        of_user(store, scope, user, &mut lines).await;
        for room in &scope.rooms {
            in_room(store, room, user, &mut lines).await;
        }
    }
    for room in &scope.rooms {
        for (after, limit) in [(0, 1_000), (1, 2), (5, 3), (1_000, 10), (u64::MAX, 1)] {
            line!(lines, "log", room, after, limit => store.log(room, after, limit));
        }
        line!(lines, "members", room => store.members(room, None, 2));
        line!(lines, "members", room => store.members(room, scope.users.first(), 100));
    }
    let asked: Vec<_> = scope.rooms.iter().cloned().zip(scope.users.iter().cycle().cloned()).collect();
    line!(lines, "rooms", asked => store.rooms(&asked));
    line!(lines, "seen", scope.users => store.seen(&scope.users));
    for limit in [1, 100] {
        line!(lines, "partners", scope.users, limit => store.direct_partners(&scope.users, limit));
    }
    line!(lines, "heads", scope.users => store.notification_heads(&scope.users));
    line!(lines, "markers", scope.rooms => store.markers(&scope.rooms, 100));
    line!(lines, "markers", scope.rooms => store.markers(&scope.rooms, 1));
    lines
}

async fn of_user(store: &dyn Store, scope: &Scope, user: &UserId, lines: &mut Vec<String>) {
    line!(lines, "user", user => store.seen(slice::from_ref(user)));
    line!(lines, "partners", user => store.direct_partners(slice::from_ref(user), 100));
    for other in &scope.users {
        line!(lines, "direct", user, other => store.direct_room(user, other));
    }
    for (reach, after, limit) in [
        (&Reach::All, None, 1),
        (&Reach::All, scope.rooms.first(), 2),
        (&Reach::All, None, 100),
        (&some_rooms(), None, 100),
    ] {
        line!(lines, "mine", user, reach, after, limit => store.rooms_of(user, reach, after, limit));
        line!(lines, "public", user, reach, after, limit => store.public_rooms(user, reach, after, limit));
    }
    for (after, limit) in [(0, 1_000), (2, 2), (1_000, 1)] {
        line!(lines, "inbox", user, after, limit => store.inbox(user, after, limit));
    }
    line!(lines, "heads", user => store.notification_heads(slice::from_ref(user)));
    for (own, broadcast, limit) in [(0, 0, 1_000), (1, 1, 2), (3, 0, 3), (0, 2, 3), (u64::MAX, 0, 5)] {
        let after = NotificationPosition { own, broadcast };
        line!(lines, "notices", user, after, limit => store.notices(user, after, limit));
    }
    for unread in [false, true] {
        for before in [None, Some("n3"), Some("n20"), Some("nobody")] {
            for limit in [2, 100] {
                line!(lines, "list", user, unread, before, limit =>
                    store.notifications(user, unread, before, limit));
            }
        }
    }
    for word in &scope.words {
        let places = [(Reach::All, None), (Reach::All, scope.rooms.first().cloned()), (some_rooms(), None)];
        for (reach, room_id) in places {
            let (user_id, text) = (user.clone(), word.clone());
            let query = SearchQuery { user_id, reach, text, room_id, before: None, limit: 3 };
            let found = store.search(&query).await.unwrap();
            let before = found.items.last().map(|message| message.message_id.clone());
            lines.push(format!("search {query:?} => {found:?}"));
            let more = SearchQuery { before, limit: 100, ..query };
            line!(lines, "search", more => store.search(&more));
        }
    }
}

/// A private room by its id, and what begins with a letter.
fn some_rooms() -> Reach {
    Reach::Only(vec![RoomMatch::Id("club".into()), RoomMatch::Prefix("g".into())])
}

async fn in_room(store: &dyn Store, room: &RoomId, user: &UserId, lines: &mut Vec<String>) {
    line!(lines, "room", room, user => store.room(room, user));
    line!(lines, "view", room, user => store.room_view(room, user));
    for (after, limit) in [(0, 1_000), (2, 2), (u64::MAX, 1)] {
        line!(lines, "direct log", room, user, after, limit => store.direct_log(room, user, after, limit));
    }
    for page in [
        HistoryPage::Newest,
        HistoryPage::Before(3),
        HistoryPage::Before(u64::MAX),
        HistoryPage::After(0),
        HistoryPage::After(2),
        HistoryPage::After(u64::MAX),
    ] {
        for limit in [2, 100] {
            line!(lines, "history", room, user, page, limit => store.history(room, user, page, limit));
        }
    }
}
