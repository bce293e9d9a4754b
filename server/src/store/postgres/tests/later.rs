//! What a later version does to the tables while this one runs.

use tidings_testbed::postgres::Database;

use super::super::{Options, Postgres};
use crate::store::conformance::kit::{Kit, edit, room, user};
use crate::store::{HistoryPage, NotificationPosition, Reach, SearchQuery, Store as _};

/// Every table but that of the migrations has one column more.
const ADD: &str = "DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations' LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN of_a_later_version text', name);
    END LOOP;
END $$";

#[tokio::test]
async fn columns_that_a_later_version_adds_stop_nothing_that_an_older_node_does() {
    let database = Database::create().unwrap();
    // One connection each for reading and writing, so that each statement was prepared on it before.
    let options = Options { readers: 1, ..Options::default() };
    let store = Postgres::open(&database.url(), options).await.unwrap();
    let kit = Kit::new(&store);
    kit.see("ann", Some("Ann")).await;
    kit.see("bob", None).await;
    kit.public("hall", &["ann", "bob"]).await;
    everything(&store, &kit, 1).await;
    database.sql(ADD).unwrap();
    everything(&store, &kit, 2).await;
}

/// Writes once more, and reads all that there is `times` times by then.
async fn everything(store: &Postgres, kit: &Kit<'_>, times: usize) {
    let said = kit.say("ann", "hall", "good morning").await;
    kit.change("ann", "hall", edit(&said.message_id, "good morning all")).await.unwrap();
    let direct = kit.tell("ann", "bob", "psst").await.room_id;
    kit.notify("bob", "news").await;
    kit.broadcast("news for all").await;
    let (hall, ann, bob) = (room("hall"), user("ann"), user("bob"));
    assert_eq!(store.log(&hall, 0, 100).await.unwrap().len(), 2 * times);
    assert_eq!(store.direct_log(&direct, &bob, 0, 100).await.unwrap().len(), times);
    assert_eq!(store.inbox(&bob, 0, 100).await.unwrap().len(), times);
    let history = store.history(&hall, &ann, HistoryPage::Newest, 100).await.unwrap();
    assert_eq!(history.page.items.len(), times);
    let query = SearchQuery {
        user_id: ann.clone(),
        reach: Reach::All,
        text: "morning".into(),
        room_id: None,
        before: None,
        limit: 100,
    };
    assert_eq!(store.search(&query).await.unwrap().items.len(), times);
    assert!(store.room(&hall, &ann).await.unwrap().is_some());
    assert!(store.room_view(&hall, &ann).await.unwrap().is_some());
    assert_eq!(store.rooms_of(&ann, &Reach::All, None, 100).await.unwrap().items.len(), 2);
    assert_eq!(store.public_rooms(&ann, &Reach::All, None, 100).await.unwrap().items.len(), 1);
    assert_eq!(store.members(&hall, None, 100).await.unwrap().items.len(), 2);
    assert_eq!(store.markers(std::slice::from_ref(&hall), 100).await.unwrap()[&hall].len(), 2);
    assert_eq!(store.users("", 100).await.unwrap().items.len(), 2);
    let notices = store.notices(&bob, NotificationPosition::default(), 100).await.unwrap();
    assert_eq!(notices.len(), 2 * times);
    let (listed, unread) = store.notifications(&bob, false, None, 100).await.unwrap();
    assert_eq!((listed.items.len(), unread), (times, times as u64));
    assert!(store.revocations(0, 100).await.unwrap().is_empty());
    store.notification_heads(std::slice::from_ref(&bob)).await.unwrap();
    store.heads(std::slice::from_ref(&hall), &[bob]).await.unwrap();
    assert!(store.outsiders(&[(hall, ann)]).await.unwrap().is_empty());
}
