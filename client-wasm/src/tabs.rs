//! Which page of a user has the connection, and links between pages. `tabs/tabs.js` beside this file does the work: it is
//! all locks and messages.

use alloc::string::String;

use tidings_client_core::{Closed, ConnId, LinkId, json};
use wasm_bindgen::prelude::*;

use crate::host::{Callback, callback};

#[wasm_bindgen(module = "/src/tabs/tabs.js")]
extern "C" {
    type PageTabs;

    #[wasm_bindgen(static_method_of = PageTabs)]
    fn exist() -> bool;
    #[wasm_bindgen(constructor)]
    fn new(name: &str, tell: &Callback) -> PageTabs;
    #[wasm_bindgen(method)]
    fn open(this: &PageTabs, conn: u32);
    #[wasm_bindgen(method)]
    fn say(this: &PageTabs, conn: u32, text: &str);
    #[wasm_bindgen(method)]
    fn close(this: &PageTabs, conn: u32);
    #[wasm_bindgen(method)]
    fn deliver(this: &PageTabs, links: &str, text: &str);
    #[wasm_bindgen(method)]
    fn end(this: &PageTabs, links: &str, closed: &str);
    #[wasm_bindgen(method)]
    fn up(this: &PageTabs, is_up: bool);
    #[wasm_bindgen(method)]
    fn wake(this: &PageTabs);
    #[wasm_bindgen(method)]
    fn quit(this: &PageTabs);
}

/// What the pages of a user say to each other.
#[derive(Debug)]
pub(crate) enum TabsEvent {
    /// This page has the connection from now on.
    Turn,
    /// A link of this page finds no other: it is to be a connection.
    Own(ConnId),
    /// Another page has taken the connection over.
    Deposed,
    /// Another page opens a link.
    Opened(LinkId),
    Said(LinkId, String),
    /// It has closed it, or is gone.
    Left(LinkId),
    /// By a link of this page.
    Heard(ConnId, String),
    /// A link of this page has ended; `None`: another page has the connection now.
    Ended(ConnId, Option<Closed>),
    /// The app of another page wants an attempt now.
    Woken,
    /// The page that has the connection is connected.
    Up,
}

/// This page among those of its user. Dropping it gives the connection to another one.
pub(crate) struct Tabs {
    tabs: PageTabs,
    _tell: Callback,
}

impl Tabs {
    /// Whether pages can share at all: in a secure context, and not in a worker or Node.
    pub(crate) fn exist() -> bool {
        PageTabs::exist()
    }

    pub(crate) fn new(name: &str, tell: impl Fn(TabsEvent) + 'static) -> Self {
        let tell = callback(move |what, number, text| {
            let (conn, link) = (ConnId(number), LinkId(number));
            tell(match what {
                0 => TabsEvent::Turn,
                1 => TabsEvent::Own(conn),
                2 => TabsEvent::Deposed,
                3 => TabsEvent::Opened(link),
                4 => TabsEvent::Said(link, text),
                5 => TabsEvent::Left(link),
                6 => TabsEvent::Heard(conn, text),
                7 => TabsEvent::Ended(conn, read(&text)),
                8 => TabsEvent::Woken,
                _ => TabsEvent::Up,
            });
        });
        Self { tabs: PageTabs::new(name, &tell), _tell: tell }
    }

    pub(crate) fn open(&self, conn: ConnId) {
        self.tabs.open(conn.0);
    }

    pub(crate) fn say(&self, conn: ConnId, text: &str) {
        self.tabs.say(conn.0, text);
    }

    pub(crate) fn close(&self, conn: ConnId) {
        self.tabs.close(conn.0);
    }

    /// Hands a frame to links of other pages.
    pub(crate) fn deliver(&self, links: &[LinkId], text: &str) {
        self.tabs.deliver(&numbers(links), text);
    }

    /// Ends links of other pages.
    pub(crate) fn end(&self, links: &[LinkId], closed: &Closed) {
        self.tabs.end(&numbers(links), &write(closed));
    }

    /// Tells the others whether the server has greeted.
    pub(crate) fn up(&self, is_up: bool) {
        self.tabs.up(is_up);
    }

    /// Asks the page that has the connection to try now.
    pub(crate) fn wake(&self) {
        self.tabs.wake();
    }
}

impl Drop for Tabs {
    fn drop(&mut self) {
        self.tabs.quit();
    }
}

fn numbers(links: &[LinkId]) -> String {
    let mut rows = json::Rows::default();
    rows.open();
    for link in links {
        rows.number(link.0.into());
    }
    rows.close();
    rows.into_text()
}

/// `[code, wait and one, attempts, reason]`; 0 for what there is none of.
fn write(closed: &Closed) -> String {
    let mut rows = json::Rows::default();
    rows.open();
    rows.number(closed.code.unwrap_or(0).into());
    rows.number(closed.retry_after_ms.map_or(0, |ms| ms.saturating_add(1)));
    rows.number(closed.attempts.unwrap_or(0).into());
    rows.text(&closed.reason);
    rows.close();
    rows.into_text()
}

/// What was sent by a link may be on its way still.
fn read(text: &str) -> Option<Closed> {
    let fields = json::items(text)?;
    let [code, wait, attempts, reason] = fields.as_slice() else { return None };
    let some = |field| json::number(field).filter(|&number| number > 0);
    Some(Closed {
        code: some(code).and_then(|code| u16::try_from(code).ok()),
        reason: json::string(reason)?.into_owned(),
        retry_after_ms: some(wait).map(|wait| wait - 1),
        attempts: some(attempts).and_then(|n| u32::try_from(n).ok()),
        is_astray: true,
        ..Closed::default()
    })
}
