//! The notification stream: resumed after a crash, and after a reload of the page.

use std::cell::RefCell;

use futures_channel::mpsc::{Receiver, channel};
use futures_util::StreamExt;
use serde_json::Value;
use tidings_client::{
    Config, Credentials, HttpError, NotificationClient, NotificationEvent, StreamEventKind, StreamState,
    Subscription,
};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{MOST_EVENTS, Server, within_patience};

#[wasm_bindgen_test]
async fn the_stream_goes_on_where_it_stopped_after_the_server_was_killed() {
    goes_on_where_it_stopped(false).await;
}

#[wasm_bindgen_test]
async fn so_does_a_stream_with_the_token_in_a_header() {
    goes_on_where_it_stopped(true).await;
}

async fn goes_on_where_it_stopped(notification_header: bool) {
    let server = Server::launch().await;
    let config = Config { notification_header, ..server.config("ann") };
    let ann = Listening::new(NotificationClient::new(config));
    let mut ann = ann.connected().await;
    server.notify("ann", "one").await;
    assert_eq!(ann.title().await, "one");

    server.kill().await;
    ann.state(StreamState::Reconnecting).await;
    server.start().await;
    server.notify("ann", "two").await;
    ann.client.reconnect_now();
    assert_eq!(ann.title().await, "two");
    server.notify("ann", "three").await;
    assert_eq!(ann.title().await, "three");
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_token_that_does_not_count_ends_the_stream_for_good_by_ticket_and_by_header() {
    let server = Server::launch().await;
    for notification_header in [false, true] {
        let token = Credentials::Token("of nobody".to_owned());
        let config =
            Config { notification_header, user_id: Some("ann".into()), ..Config::new(&*server.url, token) };
        let mut ann = Listening::new(NotificationClient::new(config));
        ann.client.connect();
        let why = ann.next("the refusal", |event| match event {
            NotificationEvent::Disconnected(why) => Some(why),
            _ => None,
        });
        assert_eq!(why.await, Some(HttpError::Status(401)));
        ann.state(StreamState::Closed).await;
    }
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_reloaded_page_is_told_what_it_missed_and_nothing_twice() {
    let server = Server::launch().await;
    let mut first = Listening::new(NotificationClient::new(server.config("ann"))).connected().await;
    server.notify("ann", "seen").await;
    assert_eq!(first.title().await, "seen");
    first.client.close();
    server.notify("ann", "missed").await;

    let next = NotificationClient::new(server.config("ann"));
    assert_eq!(next.cursor(), first.client.cursor());
    let mut next = Listening::new(next).connected().await;
    assert_eq!(next.title().await, "missed");
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn notifications_are_listed_and_marked_as_read() {
    let server = Server::launch().await;
    server.notify("ann", "older").await;
    server.notify("ann", "newer").await;
    let client = NotificationClient::new(server.config("ann"));
    let page = client.list(false, None, 10).await.unwrap();
    let titles: Vec<_> = page.notifications.iter().map(|one| one.title.as_str()).collect();
    assert_eq!((titles, page.unread_count), (vec!["newer", "older"], 2));

    client.mark_read(&page.notifications[0].id).await.unwrap();
    let unread = client.list(true, None, 10).await.unwrap();
    assert_eq!((unread.notifications.len(), unread.unread_count), (1, 1));
    client.mark_all_read().await.unwrap();
    assert_eq!(client.list(true, None, 10).await.unwrap().unread_count, 0);
    client.clear().await.unwrap();
    assert_eq!(client.list(false, None, 10).await.unwrap().notifications.len(), 0);
    server.dispose().await;
}

struct Listening {
    client: NotificationClient,
    events: Receiver<NotificationEvent>,
    _subscription: Subscription,
}

impl Listening {
    fn new(client: NotificationClient) -> Self {
        let (tell, events) = channel(MOST_EVENTS);
        let tell = RefCell::new(tell);
        let subscription = client.subscribe(move |event| {
            tell.borrow_mut().try_send(event.clone()).expect("more events than a test looks at");
        });
        Self { client, events, _subscription: subscription }
    }

    async fn connected(mut self) -> Self {
        self.client.connect();
        self.state(StreamState::Connected).await;
        self
    }

    async fn next<T>(&mut self, what: &str, mut pick: impl FnMut(NotificationEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.events.next().await.unwrap()) {
                    return found;
                }
            }
        };
        within_patience(what, found).await
    }

    async fn state(&mut self, wanted: StreamState) {
        let of = |event| {
            matches!(event, NotificationEvent::Status(status) if status.state == wanted).then_some(())
        };
        self.next(&format!("state {wanted:?}"), of).await;
    }

    async fn title(&mut self) -> String {
        let found = self.next("a notification", |event| match event {
            NotificationEvent::Message { kind: StreamEventKind::Notification, data, .. } => Some(data),
            _ => None,
        });
        serde_json::from_str::<Value>(&found.await).unwrap()["title"].as_str().unwrap().to_owned()
    }
}
