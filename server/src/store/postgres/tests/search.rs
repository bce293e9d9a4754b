//! A search means the same as on SQLite, where the words of the two are split and folded by different hands.

use tidings_testbed::postgres::Database;

use crate::store::conformance::kit::{Fixture, Kit, user};
use crate::store::{Reach, SearchQuery, Store};

async fn found(store: &dyn Store, text: &str) -> Vec<String> {
    let query = SearchQuery {
        user_id: user("ann"),
        reach: Reach::All,
        text: text.into(),
        room_id: None,
        before: None,
        limit: 100,
    };
    store.search(&query).await.unwrap().items.into_iter().map(|message| message.content).collect()
}

#[tokio::test]
async fn words_are_found_as_they_are_on_sqlite() {
    let database = Database::create().unwrap();
    let postgres = super::open(&database).await;
    let sqlite = Fixture::sqlite().await;
    let texts = [
        "Ünder the Straße",
        "cafe\u{301} crème",
        "naïve façade",
        "Москва Ёлка",
        "東京 タワー",
        "user@example.com http://example.com/a/b",
        "snake_case kebab-case CamelCase 3.14 v2",
        "it's o'clock",
        "हिन्दी",
        "İstanbul",
        "\u{0}null\u{1a}",
    ];
    for store in [&postgres as &dyn Store, &*sqlite.store] {
        let kit = Kit::new(store);
        kit.public("general", &["ann"]).await;
        for text in texts {
            kit.say("ann", "general", text).await;
        }
    }
    let searches = [
        "under",
        "UNDER",
        "straße",
        "strasse",
        "cafe",
        "café",
        "creme",
        "facade",
        "naive faç",
        "москва",
        "елка",
        "東京",
        "東",
        "example",
        "exam com",
        "snake",
        "case",
        "kebab cas",
        "camel",
        "camelcase",
        "3",
        "14 v",
        "it",
        "clock",
        "o",
        "null",
        "nul",
        "a b",
        "e",
        "हि",
    ];
    for search in searches {
        assert_eq!(found(&postgres, search).await, found(&*sqlite.store, search).await, "{search}");
    }
}
