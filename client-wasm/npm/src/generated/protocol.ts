// Generated from the Rust types in `shared-protocol`; do not edit.
// `just protocol-types` writes it.

/** `SYSTEM/ACK`: the frame was done. Where it made an entry, that is durable. */
export type Ack = {
  /** The frame's id. */
  id: string;
  /** Whether this frame had been done before; the positions are those of the first time. */
  duplicate: boolean;
  /** The room of the entry. */
  roomId?: string;
  /** The message that the entry makes or changes. */
  messageId?: string;
  /** Position of the entry. */
  seq?: number;
};

/** `AUTHENTICATE`. */
export type Authenticate = {
  /** The new token; its subject must be the session's user. */
  token: string;
};

/** `SYSTEM/AUTHENTICATED`: the token was replaced. */
export type Authenticated = {
  /** The frame's id. */
  id?: string;
  /** When the new token expires. */
  expiresAt: string;
};

/** A notification to everybody. */
export type Broadcast = {
  /** The broadcast (UUIDv7). */
  id: string;
  /** One line, 1–256 bytes. */
  title: string;
  /** The text, at most 16 KiB. */
  message: string;
  /** What it is about; 1–64 bytes. */
  type: string;
  /** When the server took it. */
  createdAt: string;
};

/** `CHAT_MESSAGE`. */
export type ChatMessage = {
  /** The room. */
  roomId: string;
  /** The text: 1 byte to 16 KiB. */
  content: string;
  /** The message that this one answers. */
  replyTo?: string;
};

/** One frame from a client: a command, and the id by which its answer is known. */
export type ClientFrame = {
  /** Correlation and idempotency key. A frame that has one is answered exactly once. */
  id?: string;
  /**
   * The `id` of an earlier frame that has no answer yet and must not come after this one: where the server has
   * refused that one for now, it refuses this one too, also when the wait is over.
   */
  after?: string;
} & (
  | { "type": "JOIN_ROOM" } & JoinRoom
  | { "type": "LEAVE_ROOM" } & LeaveRoom
  | { "type": "CHAT_MESSAGE" } & ChatMessage
  | { "type": "PRIVATE_MESSAGE" } & PrivateMessage
  | { "type": "TYPING" } & Typing
  | { "type": "EDIT_MESSAGE" } & EditMessage
  | { "type": "DELETE_MESSAGE" } & DeleteMessage
  | { "type": "REACT" } & React
  | { "type": "READ" } & Read
  | { "type": "PRESENCE" } & SetPresence
  | { "type": "RESUME" } & Resume
  | { "type": "AUTHENTICATE" } & Authenticate
  | { "type": "PING" } & Ping);

/** What went wrong, in one word that programs may match on. */
export type Code = "INVALID_FRAME" | "UNKNOWN_TYPE" | "NOT_A_MEMBER" | "FORBIDDEN" | "NOT_FOUND" | "CONFLICT" | "LIMIT" | "TOO_LARGE" | "RATE_LIMITED" | "UNAUTHENTICATED" | "UNAVAILABLE" | "INTERNAL";

/** `SYSTEM/CONNECTION_ESTABLISHED`: the first frame of every session. */
export type ConnectionEstablished = {
  /** A sentence for people. */
  message: string;
  /** Who is connected. */
  userId: string;
  /** Names this connection. */
  sessionId: string;
  /** Version of the protocol. */
  protocol: string;
  /** Names the log; positions count only within one epoch. */
  epoch: string;
  /** Position of the newest entry in the user's inbox. */
  inboxSeq: number;
  /** How often the server pings, in milliseconds. */
  heartbeatMs: number;
  /** Longest message content, in bytes. */
  maxContentBytes: number;
  /** Frames a second that a client should keep to. */
  framesPerSecond: number;
  /** Frames that may come at once. */
  frameBurst: number;
};

/** Body of `POST /api/v1/rooms`. */
export type CreateRoom = {
  /** The room's id. */
  roomId: string;
  /** Its display name, at most 256 bytes. */
  name?: string;
  /** `public` or `private`. */
  kind: RoomKind;
  /** Users who are members from the start. */
  members?: Array<string>;
};

/** `DELETE_MESSAGE`. */
export type DeleteMessage = {
  /** The room. */
  roomId: string;
  /** The message. */
  messageId: string;
};

/** `CHAT/DELETED`. */
export type Deleted = {
  /** The room. */
  roomId: string;
  /** The message. */
  messageId: string;
  /** Position of this change in the room's log. */
  seq: number;
  /** Who did it. */
  senderId: string;
  /** Direct rooms: position in the receiver's inbox. */
  inboxSeq?: number;
  /** The `id` of the frame that made it. */
  clientId?: string;
};

/** `PRIVATE/DELIVERED`: a session of the recipient has been handed the message. */
export type Delivered = {
  /** The message. */
  messageId: string;
  /** To whom. */
  recipientId: string;
  /** The `id` of the frame that made it. */
  id?: string;
};

/** `EDIT_MESSAGE`. */
export type EditMessage = {
  /** The room. */
  roomId: string;
  /** The message. */
  messageId: string;
  /** Its new text: 1 byte to 16 KiB. */
  content: string;
};

/** `CHAT/EDITED`. */
export type Edited = {
  /** The room. */
  roomId: string;
  /** The message. */
  messageId: string;
  /** Position of this change in the room's log. */
  seq: number;
  /** Who did it. */
  senderId: string;
  /** The new text. */
  content: string;
  /** When. */
  editedAt: string;
  /** Direct rooms: position in the receiver's inbox. */
  inboxSeq?: number;
  /** The `id` of the frame that made it. */
  clientId?: string;
};

/** `ERROR/MESSAGE`. */
export type ErrorMessage = {
  /** The code's sentence. */
  error: string;
  /** The code. */
  code: Code;
  /** The id of the frame that was refused. */
  id?: string;
  /** The room that the frame was for. */
  roomId?: string;
  /** Milliseconds to wait before the same frame may succeed. */
  retryAfterMs?: number;
  /** The field at fault. */
  field?: string;
  /** What is wrong in this case. */
  detail?: string;
};

/** `SYSTEM/GAP`: what will not be replayed. */
export type Gap = {
  /** The room, for a gap in a room's log. */
  roomId?: string;
  /** True for a gap in the inbox. */
  inbox?: boolean;
  /** First position left out. */
  from: number;
  /** Last position left out; below `from` where nothing is (a new epoch that is replayed whole). */
  to: number;
  /** Why. */
  reason: GapReason;
};

/** Why entries are not replayed. */
export type GapReason = "LIMIT" | "RETENTION" | "EPOCH";

/** `SYSTEM/GOING_AWAY`: the server drains. */
export type GoingAway = {
  /** Come back after this many milliseconds. */
  retryAfterMs: number;
};

/** `JOIN_ROOM`. */
export type JoinRoom = {
  /** The room. */
  roomId: string;
  /** Replay what came after this position; without it nothing is replayed. */
  afterSeq?: number;
  /** The epoch that `after_seq` belongs to. */
  epoch?: string;
  /** Where the session is in the room already: put it back to `after_seq`, never forward, and replay from there. */
  rewind?: boolean;
};

/** `LEAVE_ROOM`. */
export type LeaveRoom = {
  /** The room. */
  roomId: string;
};

/** Body of `POST /api/v1/auth/login` (with `--dev` only). */
export type Login = {
  /** Who to be. */
  userId: string;
  /** Display name; the id where left out. */
  name?: string;
};

/** How far a member has read, and how far the log has reached one of the member's sessions. */
export type Marker = {
  /** The member. */
  userId: string;
  /** The last `seq` that the member has read. */
  readSeq: number;
  /** The last `seq` that was handed to a session of the member. */
  deliveredSeq?: number;
};

/** A member of a room. */
export type Member = {
  /** The user. */
  userId: string;
  /** The display name; the id where the user has none. */
  name: string;
  /** What the member may do. */
  role: Role;
};

/** Answer of `GET …/members`. */
export type MemberPage = {
  /** The members, by user id. */
  members: Array<Member>;
  /** Whether more follow. */
  hasMore: boolean;
};

/** `SYSTEM/MEMBERSHIP`: the user was let in, invited or put out. */
export type Membership = {
  /** The room. */
  roomId: string;
  /** Whether the user is a member now. */
  member: boolean;
  /** The room, where the user is a member. */
  room?: Room;
};

/** A message in its present state: what history and search show, and what `CHAT/MESSAGE` carries. */
export type Message = {
  /** The message (UUIDv7). */
  messageId: string;
  /** Its room. */
  roomId: string;
  /** Its position in the room's log. */
  seq: number;
  /** Who sent it. */
  senderId: string;
  /** The sender's display name. */
  senderName?: string;
  /** The text; empty when deleted. */
  content: string;
  /** When the server took it. */
  timestamp: string;
  /** The message that this one answers. */
  replyTo?: string;
  /** The `id` of the frame that made it. */
  clientId?: string;
  /** When it was last edited. */
  editedAt?: string;
  /** Whether it was deleted. */
  deleted?: boolean;
  /** Reactions, in the order in which each emoji first came. In history and search only. */
  reactions?: Array<ReactionCount>;
};

/** Answer of history and search. */
export type MessagePage = {
  /** The messages; each has its `reactions`, also where there are none. */
  messages: Array<Message>;
  /** Whether more follow in the direction of reading. */
  hasMore: boolean;
  /**
   * Position of the log's last entry when the page was read: entries up to it are in these messages, later ones are
   * not. Absent where the page is empty, and from a search.
   */
  headSeq?: number;
};

/** A notification to one user. */
export type Notification = {
  /** The notification (UUIDv7). */
  id: string;
  /** Whose it is. */
  userId: string;
  /** One line, 1–256 bytes. */
  title: string;
  /** The text, at most 16 KiB. */
  message: string;
  /** What it is about, for the sender and the app to agree on; 1–64 bytes. */
  type: string;
  /** Anything the app wants, at most 16 KiB as JSON. */
  data: Record<string, unknown>;
  /** Whether the user has read it. */
  read: boolean;
  /** When the server took it. */
  createdAt: string;
};

/** Answer of `GET /api/v1/notifications`. */
export type NotificationPage = {
  /** Newest first. */
  notifications: Array<Notification>;
  /** How many of all the user's are unread. */
  unreadCount: number;
  /** Whether older ones follow. */
  hasMore: boolean;
};

/** How the read state of a user's notifications changed. */
export type NotificationState = {
  /** Which ones. */
  ids?: Array<string>;
  /** In place of `ids`: all of them. */
  all?: boolean;
  /** They are read now. */
  read?: boolean;
  /** They are gone now. */
  deleted?: boolean;
  /** How many are unread after the change. */
  unreadCount: number;
};

/** Answer of `GET /api/v1/notifications/status`. */
export type NotificationStatus = {
  /** How many users have a session or stream. */
  connectedUsers: number;
  /** Who they are; the first 1,000. */
  users: Array<string>;
  /** The nodes that serve. */
  nodes: Array<string>;
};

/** What others see of a user who is online. */
export type OnlineStatus = "online" | "away";

/** Answer of `GET …/participants`. */
export type ParticipantPage = {
  /** Users with a subscribed session, by user id. */
  participants: Array<Person>;
  /** How many there are in all. */
  count: number;
  /** Whether more follow. */
  hasMore: boolean;
};

/** A user as others see one. */
export type Person = {
  /** The user. */
  userId: string;
  /** The display name; the id where the user has none. */
  name: string;
  /** Online, away or offline. */
  status: Status;
};

/** `PING`. */
export type Ping = Record<symbol, never>;

/** `SYSTEM/PONG`. */
export type Pong = {
  /** The ping's id. */
  id?: string;
  /** The server's clock. */
  serverTime: string;
};

/** `SYSTEM/PRESENCE`: a user came, went, or is away. */
export type Presence = {
  /** The user. */
  userId: string;
  /** Online, away or offline. */
  status: Status;
  /** Whether any session is connected. */
  online: boolean;
  /** When the user was last connected. */
  lastSeen: string;
};

/** `PRIVATE/MESSAGE`: a message of a direct room, as it stands in one user's inbox. */
export type PrivateDelivery = {
  /** To whom it was sent. */
  recipientId: string;
  /** Position in the receiver's inbox; absent in a room's replay. */
  inboxSeq?: number;
  /** The message (UUIDv7). */
  messageId: string;
  /** Its room. */
  roomId: string;
  /** Its position in the room's log. */
  seq: number;
  /** Who sent it. */
  senderId: string;
  /** The sender's display name. */
  senderName?: string;
  /** The text; empty when deleted. */
  content: string;
  /** When the server took it. */
  timestamp: string;
  /** The message that this one answers. */
  replyTo?: string;
  /** The `id` of the frame that made it. */
  clientId?: string;
  /** When it was last edited. */
  editedAt?: string;
  /** Whether it was deleted. */
  deleted?: boolean;
  /** Reactions, in the order in which each emoji first came. In history and search only. */
  reactions?: Array<ReactionCount>;
};

/** `PRIVATE_MESSAGE`. */
export type PrivateMessage = {
  /** The text: 1 byte to 16 KiB. */
  content: string;
  /** To whom. */
  data: Recipient;
  /** The message that this one answers. */
  replyTo?: string;
};

/** An HTTP error: RFC 9457 `application/problem+json`, with `code` from [`Code`]. */
export type Problem = {
  /** Always `about:blank`: the code says more than a URI would. */
  type: string;
  /** The code's sentence. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What is wrong in this case. */
  detail?: string;
  /** The code. */
  code: Code;
  /** Milliseconds to wait before the same request may succeed. */
  retryAfterMs?: number;
  /** Names this request in the server's log. */
  requestId?: string;
};

/** `REACT`. */
export type React = {
  /** The room. */
  roomId: string;
  /** The message. */
  messageId: string;
  /** The emoji: 1–64 bytes. */
  emoji: string;
  /** Unset the reaction in place of setting it. */
  remove?: boolean;
};

/** `CHAT/REACTION`. */
export type Reaction = {
  /** The room. */
  roomId: string;
  /** The message. */
  messageId: string;
  /** Position of this change in the room's log. */
  seq: number;
  /** Whose reaction. */
  userId: string;
  /** The emoji. */
  emoji: string;
  /** Whether it was unset. */
  removed: boolean;
  /** Direct rooms: position in the receiver's inbox. */
  inboxSeq?: number;
  /** The `id` of the frame that made it. */
  clientId?: string;
};

/** How often one emoji stands on a message. */
export type ReactionCount = {
  /** The emoji. */
  emoji: string;
  /** How many users have set it. */
  count: number;
  /** Whether the caller is one of them. */
  mine: boolean;
};

/** `READ`. */
export type Read = {
  /** The room. */
  roomId: string;
  /** The last position that the user has read. */
  seq: number;
};

/** `CHAT/READ`: a user's read marker moved. */
export type ReadMoved = {
  /** The room. */
  roomId: string;
  /** Whose marker. */
  userId: string;
  /** Where it stands now. (Not a position of its own: markers are not in the log.) */
  seq: number;
};

/** Answer of `GET /readyz`. */
export type Readiness = {
  /** `ready`, `degraded`, `starting`, `draining` or `unavailable`. */
  status: string;
  /** What does not work (`broker`, `store`, `disk`). */
  broken?: Array<string>;
};

/** Body of `POST /api/v1/realtime/stream` and `…/poll`. */
export type RealtimeSubscribe = {
  /** The client session. */
  clientSession: string;
  /** The epoch that the positions belong to. */
  epoch?: string;
  /** The rooms to subscribe to, with positions. */
  rooms: Array<RoomPosition>;
  /** The last `inboxSeq` seen. */
  inboxAfter?: number;
  /** The last notification cursor seen; absent: no notifications are wanted. */
  notificationsAfter?: string;
  /** Poll only: how long to wait for a frame, in milliseconds; at most 25,000. */
  waitMs?: number;
  /**
   * Asked beside another stream or poll, under a client session of its own: nobody is shown by it, and nobody becomes a
   * member.
   */
  aside?: boolean;
};

/** `data` of a `PRIVATE_MESSAGE`. */
export type Recipient = {
  /** The user who gets the message. */
  recipientId: string;
};

/** `RESUME`. */
export type Resume = {
  /** The epoch that the positions belong to. A client that has none yet leaves it out. */
  epoch?: string;
  /** The rooms to rejoin; may be empty. */
  rooms: Array<RoomPosition>;
  /** The last `inboxSeq` that the client has seen. */
  inboxAfter?: number;
  /** The last notification cursor that the client has seen. */
  notificationsAfter?: string;
  /** Put the session back, never forward, in rooms that it is in already, and replay from there. */
  rewind?: boolean;
};

/** What a member may do. */
export type Role = "owner" | "member";

/** A room as one user sees it. */
export type Room = {
  /** The room. */
  roomId: string;
  /** Its display name; the id where it has none. For a direct room: the peer's name. */
  name: string;
  /** Who may enter. */
  kind: RoomKind;
  /** Position of the newest entry; 0 in an empty room. */
  headSeq: number;
  /** How far the user has read. */
  readSeq: number;
  /** The others' messages after `read_seq`. */
  unread: number;
  /** The newest message. */
  lastMessage?: Message;
  /** How many members there are. */
  members?: number;
  /** Direct rooms: the other user. */
  peerId?: string;
  /** Direct rooms: how far the other user has read. */
  peerReadSeq?: number;
  /** Direct rooms: how far the log has reached the other user. */
  peerDeliveredSeq?: number;
};

/** `SYSTEM/ROOM_COUNT`: in place of single joins and leaves where a room is large. */
export type RoomCount = {
  /** The room. */
  roomId: string;
  /** How many participants there are. */
  count: number;
};

/** Who may enter a room. */
export type RoomKind = "public" | "private" | "direct";

/** Answer of `GET /api/v1/rooms`. */
export type RoomPage = {
  /** The rooms. */
  rooms: Array<Room>;
  /** Whether more follow. */
  hasMore: boolean;
};

/** `SYSTEM/ROOM_PARTICIPANTS`: the answer to a join. */
export type RoomParticipants = {
  /** The room. */
  roomId: string;
  /** Users with a subscribed session; the first 200. */
  participants: Array<string>;
  /** The same users with name and status. */
  people: Array<Person>;
  /** How many participants there are in all. */
  count: number;
  /** Position of the newest entry. */
  headSeq: number;
  /** Position of the first entry that follows; `head_seq + 1` where nothing is replayed. */
  replayFrom: number;
  /** How far the members have read. */
  markers: Array<Marker>;
};

/** A room and the position up to which a client has seen it. */
export type RoomPosition = {
  /** The room. */
  roomId: string;
  /** The last `seq` that the client has seen; without it nothing is replayed. */
  afterSeq?: number;
};

/** `SYSTEM/ROOM_UPDATED`: name or kind of a room changed. */
export type RoomUpdated = {
  /** The room, without what differs from user to user (`readSeq` and `unread` are 0). */
  room: Room;
};

/** Body of `POST /api/v1/notifications/broadcast`. */
export type SendBroadcast = {
  /** One line, 1–256 bytes. */
  title: string;
  /** The text, at most 16 KiB. */
  message: string;
  /** What it is about; 1–64 bytes. */
  type: string;
  /** Idempotency key: the same id sends once. */
  id?: string;
};

/** Body of `POST /api/v1/notifications/send`. */
export type SendNotification = {
  /** To whom. */
  userId: string;
  /** One line, 1–256 bytes. */
  title: string;
  /** The text, at most 16 KiB. */
  message: string;
  /** What it is about; 1–64 bytes. */
  type: string;
  /** Anything the app wants, at most 16 KiB as JSON. */
  data?: Record<string, unknown>;
  /** Idempotency key: the same id sends once. */
  id?: string;
};

/** `PRESENCE`. */
export type SetPresence = {
  /** What the others see. */
  status: OnlineStatus;
};

/** What others see of a user. */
export type Status = "online" | "away" | "offline";

/** Data of the `connected` event of a notification stream. */
export type StreamConnected = {
  /** A sentence for people. */
  message: string;
  /** How many of the user's notifications are unread. */
  unreadCount: number;
};

/** Data of the `reset` event of a notification stream and of `NOTIFICATION/RESET`: the cursor could not be used. */
export type StreamReset = {
  /** `unknown`, `foreign`, `expired` or `epoch`. */
  reason: string;
};

/** Answer of `POST /api/v1/auth/ticket`. */
export type Ticket = {
  /** Goes into `?ticket=`, once. */
  ticket: string;
  /** When it stops to count. */
  expiresAt: string;
};

/** Answer of `POST /api/v1/auth/login`. */
export type Token = {
  /** The token. */
  token: string;
  /** When it expires. */
  expiresAt: string;
};

/** `SYSTEM/TOKEN_EXPIRING`: time for an `AUTHENTICATE`. */
export type TokenExpiring = {
  /** When the token expires. */
  expiresAt: string;
};

/** `TYPING`. */
export type Typing = {
  /** The room. */
  roomId: string;
  /** Whether the user types. */
  data: TypingState;
};

/** `TYPING/INDICATOR`. */
export type TypingIndicator = {
  /** Who types. */
  userId: string;
  /** Whether the user types. */
  isTyping: boolean;
  /** The room. */
  roomId: string;
};

/** `data` of a `TYPING`. */
export type TypingState = {
  /** Whether the user types. */
  isTyping: boolean;
};

/** Body of `PATCH /api/v1/rooms/{roomId}`. */
export type UpdateRoom = {
  /** A new display name, at most 256 bytes. */
  name?: string;
  /** `public` or `private`. */
  kind?: RoomKind;
};

/** `SYSTEM/USER_JOINED`, `USER_LEFT` and `USER_DISCONNECTED`. */
export type UserInRoom = {
  /** The user. */
  userId: string;
  /** The display name. */
  name: string;
  /** The room. */
  roomId: string;
};

/** Answer of `GET /api/v1/users`. */
export type UserPage = {
  /** People the server has seen, by user id. */
  users: Array<Person>;
  /** Whether more follow. */
  hasMore: boolean;
};

/** One of the things above with the position that it has in the user's stream. */
export type WithCursor<T> = {
  /** The position after it. */
  cursor?: string;
} & T;

/** What all server frames have in common. */
export interface Frame<Category extends string, Type extends string, Data> {
  /** What the frame is about. */
  category: Category;
  /** What happened. */
  type: Type;
  /** The particulars. */
  data: Data;
  /** When the server said so (RFC 3339, UTC, milliseconds). */
  timestamp: string;
}

/** One frame from a server. `category` and `type` together say what `data` is. */
export type ServerFrame =
  | Frame<"SYSTEM", "CONNECTION_ESTABLISHED", ConnectionEstablished>
  | Frame<"SYSTEM", "ROOM_PARTICIPANTS", RoomParticipants>
  | Frame<"SYSTEM", "ROOM_COUNT", RoomCount>
  | Frame<"SYSTEM", "GAP", Gap>
  | Frame<"SYSTEM", "USER_JOINED", UserInRoom>
  | Frame<"SYSTEM", "USER_LEFT", UserInRoom>
  | Frame<"SYSTEM", "USER_DISCONNECTED", UserInRoom>
  | Frame<"SYSTEM", "PRESENCE", Presence>
  | Frame<"SYSTEM", "MEMBERSHIP", Membership>
  | Frame<"SYSTEM", "ROOM_UPDATED", RoomUpdated>
  | Frame<"SYSTEM", "ACK", Ack>
  | Frame<"SYSTEM", "PONG", Pong>
  | Frame<"SYSTEM", "AUTHENTICATED", Authenticated>
  | Frame<"SYSTEM", "TOKEN_EXPIRING", TokenExpiring>
  | Frame<"SYSTEM", "GOING_AWAY", GoingAway>
  | Frame<"CHAT", "MESSAGE", Message>
  | Frame<"CHAT", "EDITED", Edited>
  | Frame<"CHAT", "DELETED", Deleted>
  | Frame<"CHAT", "REACTION", Reaction>
  | Frame<"CHAT", "READ", ReadMoved>
  | Frame<"TYPING", "INDICATOR", TypingIndicator>
  | Frame<"PRIVATE", "MESSAGE", PrivateDelivery>
  | Frame<"PRIVATE", "DELIVERED", Delivered>
  | Frame<"NOTIFICATION", "NOTIFICATION", WithCursor<Notification>>
  | Frame<"NOTIFICATION", "BROADCAST", WithCursor<Broadcast>>
  | Frame<"NOTIFICATION", "STATE", WithCursor<NotificationState>>
  | Frame<"NOTIFICATION", "RESET", WithCursor<StreamReset>>
  | Frame<"ERROR", "MESSAGE", ErrorMessage>;

/** Answer of `GET …/log`, `GET /api/v1/inbox` and the fallback's `frames` and `poll`. */
export type FramePage = {
  /** Server frames. */
  frames: Array<ServerFrame>;
  /** Whether more follow. */
  hasMore: boolean;
};
