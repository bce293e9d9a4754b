/** The events of a chat client: their names and what they carry. */
import type { TidingsError } from './errors.js';
import type {
  Ack,
  Broadcast,
  ConnectionEstablished,
  Deleted,
  Delivered,
  Edited,
  ErrorMessage,
  GapReason,
  GoingAway,
  Membership,
  Message,
  Notification,
  NotificationState,
  Presence,
  PrivateDelivery,
  Reaction,
  ReadMoved,
  RoomCount,
  RoomParticipants,
  RoomUpdated,
  ServerFrame,
  StreamReset,
  TypingIndicator,
  UserInRoom,
  WithCursor,
} from './generated/protocol.js';

/** Where a connection stands. */
export type State = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** Why a client is closed for good. */
export type CloseCause = 'client' | 'server' | 'unauthenticated' | 'forbidden' | 'replaced' | 'maxAttempts';

/** The connection as an app shows it. */
export interface ConnectionStatus {
  /** Where the connection stands. */
  readonly state: State;
  /** When the next attempt is made, in milliseconds since the Unix epoch; `null` while none is waited for. */
  readonly nextRetryAt: number | null;
  /** Attempts since the connection was last proved good. */
  readonly attempts: number;
  /** Whether the machine says that it has a network. */
  readonly online: boolean;
  /** The transport in use, or the next to be tried. */
  readonly transport: string;
  /**
   * Whether what waits to be sent outlives the page. `false` where IndexedDB or Web Locks are missing (a page without
   * HTTPS, Node), denied or full, where nobody knows who the user is, and with the option `persistence: false`.
   */
  readonly persistence: boolean;
  /** Why the client is closed for good; `null` while it is not. */
  readonly closedBy: CloseCause | null;
}

/** Entries of a log that did not come, and will not by themselves. */
export interface Gap {
  /** The room; `null` for the inbox of direct conversations. */
  readonly roomId: string | null;
  /** First position left out. */
  readonly from: number;
  /** Last position left out. */
  readonly to: number;
  /** Why: more than is replayed, expired, another log, or skipped by the server. */
  readonly reason: GapReason | 'LOST';
}

/** Where a message that was sent from here stands. */
export type SendState = 'saving' | 'queued' | 'inFlight' | 'sent' | 'failed';

/** A change of a message that was sent from here. */
export interface SendChange {
  /** The id that `sendChatMessage` gave. */
  readonly id: string;
  /** Where it stands now; `cancelled` when it was dropped here, by your call or because another page sends it. */
  readonly state: SendState | 'cancelled';
  /** Why it failed. */
  readonly error?: TidingsError;
}

/** What a connection's end carries. */
export interface Disconnect {
  /** The close code; `undefined` where there was none. */
  readonly code: number | undefined;
  /** The reason that the server gave; may be empty. */
  readonly reason: string;
}

/** The events of a chat client. */
export interface ClientEvents {
  /** The connection stands and the server has greeted. */
  connected: ConnectionEstablished;
  /** The connection was lost or closed. */
  disconnected: Disconnect;
  /** The state of the connection changed. */
  stateChange: ConnectionStatus;
  /** The server's greeting. */
  connectionEstablished: ConnectionEstablished;
  /** A user's first session came into a room. */
  userJoined: UserInRoom;
  /** A user's last session left a room. */
  userLeft: UserInRoom;
  /** A user's last session in a room was lost, and did not come back. */
  userDisconnected: UserInRoom;
  /** The answer to a join: who is there, and where the log stands. */
  roomParticipants: RoomParticipants;
  /** How many are in a large room, in place of single joins and leaves. */
  roomCount: RoomCount;
  /** The join of a room was refused for good. */
  roomRefused: { readonly roomId: string; readonly error: TidingsError };
  /** A message in a room: live or replayed, once, and in the room's order. */
  chatMessage: Message;
  /** A message was edited. */
  messageEdited: Edited;
  /** A message was deleted. */
  messageDeleted: Deleted;
  /** A reaction was set or unset. */
  reaction: Reaction;
  /** A user's read marker moved. */
  messageRead: ReadMoved;
  /** Somebody types, or has stopped. */
  typingIndicator: TypingIndicator;
  /** A message of a direct conversation, from or to this user. */
  privateMessage: PrivateDelivery;
  /** A session of the recipient has been handed a direct message. */
  messageDelivered: Delivered;
  /** A user came, went, or is away. */
  presence: Presence;
  /** This user was let into a room or put out of it. */
  membership: Membership;
  /** Name or kind of a room changed. */
  roomUpdated: RoomUpdated;
  /** The server has a message durably. */
  messageAcked: Ack;
  /** A message that was sent from here changed its state. */
  sendChange: SendChange;
  /** Entries of a log did not come. Message stores fetch them by themselves. */
  gap: Gap;
  /** A notification, on a client with `notifications: true`. */
  notification: WithCursor<Notification>;
  /** A broadcast, on a client with `notifications: true`. */
  broadcast: WithCursor<Broadcast>;
  /** The read state of notifications changed, on a client with `notifications: true`. */
  notificationState: WithCursor<NotificationState>;
  /** The position in notifications could not be used, on a client with `notifications: true`: read the list anew. */
  notificationReset: WithCursor<StreamReset>;
  /** The server drains; the client comes back by itself. */
  goingAway: GoingAway;
  /** Any other event of category `SYSTEM`. */
  systemMessage: { readonly type: string; readonly data: unknown };
  /** Every frame of the server, before the event that belongs to it. */
  frame: ServerFrame;
  /** The server refused something, or something went wrong here. */
  error: TidingsError & Partial<Pick<ErrorMessage, 'roomId' | 'id' | 'error'>>;
  /** `maxAttempts` is used up; the client is closed. */
  maxReconnectAttemptsReached: undefined;
}
