//! No text is a failure of the store that searches for it; a message is found by its own words, and by whatever the
//! plain store in memory finds it by. The first line is searched for, the rest is the text of a message.

#![no_main]

use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use tidings_protocol::{Epoch, MessageId, RoomId, Timestamp, UserId};
use tidings_server::store::memory::Memory;
use tidings_server::store::sqlite::{Options, Sqlite};
use tidings_server::store::{Append, Change, Reach, SearchQuery, Store, Target, Write};
use tokio::runtime::{Builder, Runtime};
use unicode_normalization::char::is_combining_mark;

/// What stands beside the message of a run.
const OTHERS: [&str; 5] = [
    "The log is the truth, or NOT; near(it) \"all\" -else*",
    "Größe ÄLTER Caf\u{e9} cafe\u{301} \u{130}STANBUL \u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}",
    "\u{65e5}\u{672c}\u{8a9e} \u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940} \u{627}\u{644}\u{639}\u{631}",
    "a_b a.b a-b 1,000 x\u{0}y \u{1f980}\u{200d}\u{1f468} o'clock",
    "",
];
/// Most words of a search.
const MAX_WORDS: usize = 64;
/// The logs begin anew after so many runs, so that the last one takes as long as the first.
const RUNS: u32 = 20_000;

struct Stores {
    runtime: Runtime,
    disk: Sqlite,
    plain: Memory,
    runs: u32,
}

static STORES: LazyLock<Mutex<Stores>> = LazyLock::new(|| Mutex::new(Stores::begin()));

impl Stores {
    fn begin() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime needs little");
        let folder = TempDir::new().expect("there is room for a folder");
        let url = format!("sqlite://{}", folder.path().join("log.db").display());
        let options = Options { readers: 1, ..Options::default() };
        let disk = runtime.block_on(Sqlite::open(&url, options)).expect("a new file can be opened");
        let plain = Memory::new(Epoch::new("fuzz").expect("a name of a log"));
        let stores = Self { runtime, disk, plain, runs: 0 };
        let room_id = room();
        stores.write(Write::Join { room_id, user_id: user(), admitted: false, at: Timestamp::default() });
        for (n, content) in OTHERS.into_iter().enumerate() {
            stores.say(&format!("other-{n}"), content);
        }
        stores.say("mine", "");
        stores.search("truth");
        // The open files are enough, and nothing stays behind whenever this ends.
        drop(folder);
        stores
    }

    fn write(&self, write: Write) {
        for store in [&self.disk as &dyn Store, &self.plain] {
            let written =
                self.runtime.block_on(store.commit(vec![write.clone()])).expect("the store can write");
            assert!(written.iter().all(Result::is_ok), "{written:?}");
        }
    }

    fn append(&self, new_id: &str, change: Change) {
        let (target, at) = (Target::Room(room()), Timestamp::default());
        let new_id = id(new_id);
        self.write(Write::Append(Append {
            sender: user(),
            sender_name: None,
            client_id: None,
            at,
            new_id,
            target,
            change,
        }));
    }

    fn say(&self, new_id: &str, content: &str) {
        self.append(new_id, Change::Message { content: content.to_owned(), reply_to: None });
    }

    /// What is found: on disk, which must hold all that the plain store finds.
    fn search(&self, text: &str) -> Vec<MessageId> {
        let (user_id, text) = (user(), text.to_owned());
        let query = SearchQuery { user_id, reach: Reach::All, text, room_id: None, before: None, limit: 50 };
        let [on_disk, plainly] = [&self.disk as &dyn Store, &self.plain].map(|store| {
            let page = self.runtime.block_on(store.search(&query)).expect("any text can be searched for");
            page.items.into_iter().map(|message| message.message_id).collect::<Vec<_>>()
        });
        for found in plainly.iter().filter(|_| has_letter(&query.text)) {
            assert!(on_disk.contains(found), "{found} is not found by {:?}", query.text);
        }
        on_disk
    }
}

fn user() -> UserId {
    UserId::new("ann").expect("a name")
}

fn room() -> RoomId {
    RoomId::new("general").expect("a name")
}

fn id(text: &str) -> MessageId {
    MessageId::new(text).expect("an id")
}

fuzz_target!(|text: &str| {
    let mut stores = STORES.lock().expect("no run has panicked before");
    if stores.runs == RUNS {
        *stores = Stores::begin();
    }
    stores.runs += 1;
    let Some((wanted, content)) = text.split_once('\n') else {
        stores.search(text);
        return;
    };
    stores.append("none", Change::Edit { message_id: id("mine"), content: content.to_owned() });
    stores.search(wanted);
    let found = stores.search(content);
    assert!(found.contains(&id("mine")) || !has_letter(content), "not found by its own words: {content:?}");
});

/// Whether what is searched for holds a letter or digit for SQLite too, which parts words at marks and at letters in
/// circles and squares.
fn has_letter(text: &str) -> bool {
    let is_accent = |c| matches!(c, '\u{300}'..='\u{36f}');
    let is_framed = |c| matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    let is_letter = |c: char| c.is_alphanumeric() && !is_combining_mark(c) && !is_framed(c);
    let words = text.split(|c: char| !c.is_alphanumeric() && !is_accent(c)).filter(|word| !word.is_empty());
    words.take(MAX_WORDS).any(|word| word.contains(is_letter))
}
