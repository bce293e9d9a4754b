//! Every bound of the contract, named once. Those that a server can be configured to are its defaults.

/// Version name of the wire protocol, sent in `CONNECTION_ESTABLISHED`.
pub const PROTOCOL: &str = "tidings.v1";
/// WebSocket subprotocol that a client may ask for.
pub const SUBPROTOCOL: &str = "tidings.v1";
/// Longest `userId` or `roomId`, in bytes of UTF-8.
pub const MAX_IDENTIFIER_BYTES: usize = 128;
/// Longest client frame `id`, in bytes.
pub const MAX_CLIENT_ID_BYTES: usize = 64;
/// Longest `clientSession`, in bytes.
pub const MAX_CLIENT_SESSION_BYTES: usize = 64;
/// Longest room or user display name, in bytes.
pub const MAX_NAME_BYTES: usize = 256;
/// Longest `emoji` of a reaction, in bytes (one grapheme of joined emoji fits).
pub const MAX_EMOJI_BYTES: usize = 64;
/// Default of `--max-content-bytes`: longest message content.
pub const MAX_CONTENT_BYTES: usize = 16 * 1024;
/// Default of `--max-frame-bytes`: longest WebSocket text frame.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
/// Most rooms that one session may be subscribed to.
pub const MAX_ROOMS_PER_SESSION: usize = 200;
/// Most distinct emojis that one user may put on one message.
pub const MAX_REACTIONS_PER_USER: usize = 20;
/// Most frames in one body of `POST /api/v1/realtime/frames`.
pub const MAX_FRAMES_PER_BODY: usize = 100;
/// Longest notification or broadcast `title`, in bytes.
pub const MAX_TITLE_BYTES: usize = 256;
/// Longest notification or broadcast `message`, in bytes.
pub const MAX_NOTIFICATION_BYTES: usize = 16 * 1024;
/// Longest notification `type`, in bytes.
pub const MAX_KIND_BYTES: usize = 64;
/// Longest notification `data`, as JSON text in bytes.
pub const MAX_DATA_BYTES: usize = 16 * 1024;
/// Most items on a page of history, log, inbox, rooms, users, notifications or search.
pub const MAX_PAGE: u32 = 200;
/// Items on a page when the caller does not say.
pub const DEFAULT_PAGE: u32 = 50;
/// Default of `--replay-limit`: most entries replayed for one room by a join or resume.
pub const REPLAY_LIMIT: u64 = 1000;
/// Rooms with more participants get `ROOM_COUNT` in place of single joins, leaves and presence.
pub const LARGE_ROOM: usize = 200;
/// People listed in one `ROOM_PARTICIPANTS`.
pub const PEOPLE_LISTED: usize = 200;
/// Members above which `CHAT/READ` is told only to the reader's own other sessions.
pub const READ_FANOUT_MEMBERS: usize = 200;
/// Typing indicators a second in a room above [`LARGE_ROOM`].
pub const LARGE_ROOM_TYPING_PER_SECOND: u32 = 10;
/// A typing indicator lives this long after its last refresh, in milliseconds.
pub const TYPING_EXPIRY_MS: u64 = 5_000;
/// A single-use ticket lives this long, in milliseconds.
pub const TICKET_TTL_MS: u64 = 30_000;
/// A session with a `clientSession` must send its `RESUME` within this time, in milliseconds.
pub const RESUME_DEADLINE_MS: u64 = 10_000;
/// Bad or refused frames within [`BAD_FRAME_WINDOW_MS`] above which a session is closed with 4029.
pub const MAX_BAD_FRAMES: usize = 100;
/// Window of [`MAX_BAD_FRAMES`], in milliseconds.
pub const BAD_FRAME_WINDOW_MS: u64 = 10_000;
/// Longest `waitMs` of a poll.
pub const MAX_POLL_WAIT_MS: u64 = 25_000;
/// A comment is sent on an idle event stream this often, in milliseconds.
pub const SSE_COMMENT_MS: u64 = 15_000;
/// `retry:` of an event stream, in milliseconds.
pub const SSE_RETRY_MS: u64 = 2_000;
