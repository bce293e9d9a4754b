//! Writes the wire types as TypeScript to `client-wasm/npm/src/generated/protocol.ts`.
//!
//! `cargo run -p tidings-protocol --features ts --example typescript`; with `--check` nothing is written, and a file
//! that differs from the types is an error.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use tidings_protocol::command::ClientFrame;
use tidings_protocol::{Event, Problem, entity, http};
use ts_rs::{Config, TS, TypeVisitor};

const OUTPUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-wasm/npm/src/generated/protocol.ts");

fn main() -> ExitCode {
    let made = module(&Config::new().with_large_int("number"));
    let path = Path::new(OUTPUT);
    if std::env::args().any(|argument| argument == "--check") {
        if std::fs::read_to_string(path).is_ok_and(|found| found == made) {
            return ExitCode::SUCCESS;
        }
        eprintln!(
            "protocol.ts differs from the Rust types: run this example without --check and commit the result"
        );
        return ExitCode::FAILURE;
    }
    let folder = path.parent().unwrap_or(path);
    match std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, made)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{}: {e}", path.display());
            ExitCode::FAILURE
        }
    }
}

fn module(config: &Config) -> String {
    let mut types = Declarations { config, seen: HashSet::new(), texts: BTreeMap::new() };
    types.visit::<ClientFrame>();
    Event::visit_ts(&mut types);
    types.visit_all_of_http();
    let mut out = String::from(
        "// Generated from the Rust types in `shared-protocol`; do not edit.\n// `just protocol-types` writes it.\n\n",
    );
    out.extend(types.texts.into_values());
    out.push_str(&server_frame(config));
    out
}

/// The union of all server frames. ts-rs cannot derive it: category and type together tell the frames apart.
fn server_frame(config: &Config) -> String {
    let mut out = String::from(
        "/** What all server frames have in common. */\n\
         export interface Frame<Category extends string, Type extends string, Data> {\n  \
           /** What the frame is about. */\n  category: Category;\n  \
           /** What happened. */\n  type: Type;\n  \
           /** The particulars. */\n  data: Data;\n  \
           /** When the server said so (RFC 3339, UTC, milliseconds). */\n  timestamp: string;\n}\n\n\
         /** One frame from a server. `category` and `type` together say what `data` is. */\n\
         export type ServerFrame =",
    );
    for (category, kind, data) in Event::ts_names(config) {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n  | Frame<\"{category}\", \"{kind}\", {data}>");
    }
    out.push_str(
        ";\n\n/** Answer of `GET …/log`, `GET /api/v1/inbox` and the fallback's `frames` and `poll`. */\n\
         export type FramePage = {\n  /** Server frames. */\n  frames: Array<ServerFrame>;\n  \
         /** Whether more follow. */\n  hasMore: boolean;\n};\n",
    );
    out
}

/// Declares each type once. Sorted by name, since ts-rs visits dependencies in no fixed order.
struct Declarations<'a> {
    config: &'a Config,
    seen: HashSet<TypeId>,
    texts: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // A generic type is declared once, whatever it is applied to; its arguments are visited nonetheless.
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_generics(self);
        T::visit_dependencies(self);
        let bare = TypeId::of::<T::WithoutGenerics>();
        let is_declared = T::output_path().is_some();
        if is_declared && (bare == TypeId::of::<T>() || self.seen.insert(bare)) {
            let docs = docs(T::docs().as_deref().unwrap_or_default());
            let text = format!("{docs}export {}\n\n", tidy(&T::decl(self.config)));
            self.texts.insert(T::ident(self.config), text);
        }
    }
}

impl Declarations<'_> {
    fn visit_all_of_http(&mut self) {
        self.visit::<Problem>();
        self.visit::<entity::Member>();
        self.visit::<http::SendNotification>();
        self.visit::<http::SendBroadcast>();
        self.visit::<http::NotificationStatus>();
        self.visit::<http::NotificationPage>();
        self.visit::<http::RoomPage>();
        self.visit::<http::CreateRoom>();
        self.visit::<http::UpdateRoom>();
        self.visit::<http::MemberPage>();
        self.visit::<http::ParticipantPage>();
        self.visit::<http::MessagePage>();
        self.visit::<http::UserPage>();
        self.visit::<http::Ticket>();
        self.visit::<http::Login>();
        self.visit::<http::Token>();
        self.visit::<http::Readiness>();
        self.visit::<http::StreamConnected>();
        self.visit::<http::StreamReset>();
        self.visit::<http::RealtimeSubscribe>();
    }
}

/// A doc comment of one sentence takes one line.
fn docs(block: &str) -> String {
    let lines: Vec<&str> = block
        .lines()
        .map(|line| line.trim().trim_start_matches("* "))
        .filter(|line| !line.starts_with(['/', '*']))
        .collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("/** {line} */\n"),
        _ => block.to_owned(),
    }
}

/// One field a line, two spaces deep; one alternative of a union a line.
fn tidy(declaration: &str) -> String {
    let mut out = String::new();
    let mut block: Option<String> = None;
    for line in declaration
        .replace(" | {", "\n  | {")
        .replace("({ \"type\"", "(\n  | { \"type\"")
        .lines()
        .map(str::trim_end)
    {
        match block.as_mut() {
            Some(text) => {
                text.push_str(line);
                text.push('\n');
                if line == " */" {
                    for doc in docs(text).lines() {
                        let _ = writeln!(out, "  {doc}");
                    }
                    block = None;
                }
            }
            None if line == "/**" => block = Some("/**\n".to_owned()),
            None => out.push_str(&field(line)),
        }
    }
    out.trim_end().to_owned()
}

fn field(line: &str) -> String {
    if let Some((last, end)) = line.split_once(", }") {
        return format!("  {last};\n}}{end}\n");
    }
    match line.strip_suffix(',') {
        Some(field) => format!("  {field};\n"),
        None => format!("{line}\n"),
    }
}
