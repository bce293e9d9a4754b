/** One room as a user interface shows it. */
import type { BaseClient } from './client.js';
import { Early } from './early.js';
import type { Outgoing, Sending } from './outgoing.js';
import type { SendState } from './events.js';
import type { TidingsError } from './errors.js';
import type {
  Deleted,
  Edited,
  Message,
  MessagePage,
  Person,
  Reaction,
  ReactionCount,
  RoomParticipants,
  ServerFrame,
} from './generated/protocol.js';
import { Value, type Store } from './store.js';

/** A message as it is shown: one of the room's log, or one on its way there. */
export interface ChatMessage extends Omit<Message, 'messageId' | 'seq'> {
  /** Names the message in a list, and stays the same when it is confirmed. */
  readonly key: string;
  /** The message's id; `null` until the server has it. */
  readonly messageId: string | null;
  /** Its position; `null` until the server has it. */
  readonly seq: number | null;
  /** Where it stands; `sent` for all that came from the server. */
  readonly state: SendState;
  /** Why it failed. */
  readonly error?: TidingsError;
}

/** Most messages that a room keeps in memory. Older ones can be loaded again. */
const MAX_KEPT = 10_000;
/** Messages on one page of history. */
const PAGE = 50;
/** After this time a page that did not come is asked for again. */
const RETRY_MS = 5_000;
/** A typing indicator that is not renewed or taken back is over after this time: one second more than the server's. */
const TYPING_MS = 6_000;

/** A message, and up to which entry of the room's log it is told; and how it was shown last. */
interface Known {
  readonly message: Message;
  readonly asOf: number;
  row?: ChatMessage;
}

/** What a room needs of its client. */
type Client = Pick<
  BaseClient,
  'userId' | 'state' | 'request' | 'joinRoom' | 'leaveRoom' | 'sendChatMessage' | 'markRead'
>;

/**
 * A room's messages, people and typing, kept up to date. Made by `client.room(id)`.
 *
 * @example
 * ```ts
 * const room = client.room('general');
 * room.open();
 * room.messages.subscribe((messages) => render(messages));
 * room.send('Hello');
 * ```
 */
export class Room {
  /** The room's id. */
  readonly id: string;
  readonly #messages = new Value<readonly ChatMessage[]>([]);
  readonly #typing = new Value<readonly string[]>([]);
  readonly #members = new Value<readonly Person[]>([]);
  readonly #hasMore = new Value(true);
  readonly #client: Client;
  readonly #outgoing: () => Outgoing[];
  readonly #report: (error: unknown) => void;
  /** Confirmed messages by id, without a hole; the list is sorted when a snapshot is made. */
  readonly #log = new Map<string, Known>();
  /** What was shown before the log began anew, and is until its newest page is there. */
  #old: readonly ChatMessage[] = [];
  /** Position at which the log begins, where there is older history. */
  #floor = 0;
  /** How often the log began anew. */
  #era = 0;
  /** Changes that came while pages were on their way, which may have been read before them. */
  readonly #early = new Early<ServerFrame>();
  readonly #typers = new Map<string, ReturnType<typeof setTimeout>>();
  #changed = false;
  /** Who the user was when messages were shown last. */
  #shownTo: string | undefined;
  #loading: Promise<void> | undefined;
  #isOpen = false;
  /** Entries come as they are made. */
  #isIn = false;
  /** The newest page is wanted. */
  #isDue = false;

  /** @internal */
  constructor(id: string, client: Client, outgoing: () => Outgoing[], report: (error: unknown) => void) {
    this.id = id;
    this.#client = client;
    this.#outgoing = outgoing;
    this.#report = report;
    this.#draw();
  }

  /** The messages, oldest first, each once, with those on their way at the end. */
  get messages(): Store<readonly ChatMessage[]> {
    return this.#messages;
  }

  /** Ids of the users who type. */
  get typing(): Store<readonly string[]> {
    return this.#typing;
  }

  /** The people in the room now; in a room of more than 200, the first of them. */
  get members(): Store<readonly Person[]> {
    return this.#members;
  }

  /** Whether there is older history to load. */
  get hasMore(): Store<boolean> {
    return this.#hasMore;
  }

  /** Joins the room and loads its newest messages. Stays joined across reconnects; a second call does nothing. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#client.joinRoom(this.id);
  }

  /** Leaves the room. Leaving a public room ends the membership too. */
  leave(): void {
    this.#client.leaveRoom(this.id);
    this.out();
  }

  /**
   * Sends a message.
   *
   * @param content the text, 1 byte to 16 KiB
   * @param options `replyTo`: the id of the message that this one answers
   */
  send(content: string, options: { replyTo?: string } = {}): Sending<Message> {
    return this.#client.sendChatMessage(this.id, content, options);
  }

  /**
   * Moves the read marker forward.
   *
   * @param seq the position of the last message read; left out: of the newest
   */
  markRead(seq?: number): void {
    const upTo = seq ?? this.#newest();
    if (upTo > 0) this.#client.markRead(this.id, upTo);
  }

  /** Loads one more page of history in front of what is there. Rejects with a `TidingsError`. */
  loadOlder(): Promise<void> {
    const loading = (this.#loading ??= this.#load().finally(() => {
      if (this.#loading === loading) this.#loading = undefined;
    }));
    return loading;
  }

  /** @internal */
  frame(frame: ServerFrame): void {
    switch (frame.type) {
      case 'MESSAGE':
        if (frame.category !== 'ERROR') this.#put(frame.data);
        break;
      case 'EDITED':
      case 'DELETED':
      case 'REACTION':
        this.#early.note(frame);
        this.#change(frame);
        break;
      case 'INDICATOR':
        this.#type(frame.data.userId, frame.data.isTyping);
        break;
      case 'ROOM_PARTICIPANTS':
        this.#joined(frame.data);
        break;
      case 'USER_JOINED':
        this.#come({ userId: frame.data.userId, name: frame.data.name, status: 'online' });
        break;
      case 'USER_LEFT':
      case 'USER_DISCONNECTED':
        this.#members.set(this.#members.get().filter((one) => one.userId !== frame.data.userId));
        this.#type(frame.data.userId, false);
        break;
      case 'PRESENCE': {
        const { userId, status } = frame.data;
        if (this.#members.get().some((one) => one.userId === userId && one.status !== status)) {
          this.#members.set(this.#members.get().map((one) => (one.userId === userId ? { ...one, status } : one)));
        }
        break;
      }
      default:
    }
  }

  /** The user is out of the room: what is posted from now on is not seen. @internal */
  out(): void {
    this.#isOpen = this.#isIn = this.#isDue = false;
    this.#reset();
  }

  /** Entries were left out, and what they changed is not known. @internal */
  gap(): void {
    if (this.#isIn || this.#log.size > 0) this.#renew();
  }

  /** Loads the newest page, where it is wanted. @internal */
  refresh(): void {
    if (!this.#isDue || this.#client.state !== 'connected') return;
    this.loadOlder().catch((error: TidingsError) => {
      if (error.retryable) setTimeout(() => this.refresh(), error.retryAfterMs ?? RETRY_MS);
      this.#report(error);
    });
  }

  /** A message on its way changed. @internal */
  touch(): void {
    this.#changed = true;
  }

  /** Makes a new snapshot where something changed since the last. @internal */
  flush(): void {
    if (!this.#changed) return;
    this.#changed = false;
    this.#draw();
  }

  #renew(): void {
    this.#reset();
    this.#isDue = true;
    this.refresh();
  }

  /** The log begins anew; what is on its way for the one before is ignored. */
  #reset(): void {
    this.#era += 1;
    this.#old = this.#messages.get().filter((one) => one.seq !== null);
    this.#log.clear();
    this.#floor = 0;
    this.#loading = undefined;
    this.#hasMore.set(true);
  }

  #put(message: Message): void {
    // An answer to what was sent twice may come from history that is not there yet.
    if (message.seq < this.#floor) return;
    const known = this.#log.get(message.messageId);
    // What is known may be newer: history shows the present state, a replay the first one.
    const asOf = Math.max(known?.asOf ?? 0, message.seq);
    this.#log.set(message.messageId, { message: { ...message, ...known?.message }, asOf });
    this.#changed = true;
  }

  #change(frame: ServerFrame): void {
    const { messageId, seq } = frame.data as Edited | Deleted | Reaction;
    const known = this.#log.get(messageId);
    if (!known || known.asOf >= seq) return;
    const { message } = known;
    const changed =
      frame.type === 'REACTION'
        ? { ...message, reactions: this.#reactions(frame.data, message.reactions) }
        : rewritten(message, frame);
    this.#log.set(messageId, { message: changed, asOf: seq });
    this.#changed = true;
  }

  #reactions({ emoji, userId, removed }: Reaction, before: readonly ReactionCount[] = []): ReactionCount[] {
    const isMine = userId === this.#client.userId;
    const { count, mine } = before.find((one) => one.emoji === emoji) ?? { count: 0, mine: false };
    const after = { emoji, count: count + (removed ? -1 : 1), mine: isMine ? !removed : mine };
    const all = count > 0 ? before.map((one) => (one.emoji === emoji ? after : one)) : [...before, after];
    return all.filter((one) => one.count > 0);
  }

  #joined({ people }: RoomParticipants): void {
    this.#members.set(people);
    const isNew = !this.#isIn;
    this.#isIn = true;
    if (isNew || this.#isDue) this.#renew();
  }

  #come(person: Person): void {
    const others = this.#members.get().filter((one) => one.userId !== person.userId);
    this.#members.set([...others, person]);
  }

  #type(userId: string, isTyping: boolean): void {
    clearTimeout(this.#typers.get(userId));
    if (isTyping) this.#typers.set(userId, setTimeout(() => this.#type(userId, false), TYPING_MS));
    else if (!this.#typers.delete(userId)) return;
    this.#typing.set([...this.#typers.keys()]);
  }

  #load(): Promise<void> {
    const era = this.#era;
    return this.#early.during(async (since) => {
      if (!this.#hasMore.get()) return;
      const before = this.#floor > 0 ? `&before=${this.#floor}` : '';
      const path = `/api/v1/rooms/${encodeURIComponent(this.id)}/messages?limit=${PAGE}${before}`;
      const page = await this.#client.request<MessagePage>('GET', path);
      if (era === this.#era) this.#take(page, since());
    });
  }

  #take({ messages, headSeq, hasMore }: MessagePage, since: ServerFrame[]): void {
    this.#isDue = false;
    this.#old = [];
    this.#floor = hasMore ? (messages[0]?.seq ?? 0) : 0;
    for (const [id, { message }] of this.#log) if (message.seq < this.#floor) this.#log.delete(id);
    for (const message of messages) {
      const asOf = headSeq ?? message.seq;
      if ((this.#log.get(message.messageId)?.asOf ?? 0) < asOf) this.#log.set(message.messageId, { message, asOf });
    }
    for (const frame of since) this.#change(frame);
    this.#hasMore.set(hasMore);
    this.#changed = true;
    this.flush();
  }

  #newest(): number {
    return Math.max(0, ...Array.from(this.#log.values(), ({ message }) => message.seq));
  }

  #draw(): void {
    const log = [...this.#log.values()].sort((one, other) => one.message.seq - other.message.seq);
    if (log.length > MAX_KEPT) {
      for (const { message } of log.splice(0, log.length - MAX_KEPT)) this.#log.delete(message.messageId);
      this.#floor = log[0]?.message.seq ?? 0;
      this.#hasMore.set(true);
    }
    const old = this.#old.filter((one) => !this.#log.has(one.messageId ?? ''));
    const { userId } = this.#client;
    const isSame = this.#shownTo === userId;
    this.#shownTo = userId;
    // What has not changed stays the same object, so that a framework draws nothing anew for it.
    const rows = log.map((one) => (one.row = (isSame && one.row) || shown(one.message, userId)));
    const confirmed = [...old, ...rows];
    const keys = new Set(confirmed.map((one) => one.key));
    const waiting = this.#outgoing().filter((one) => !keys.has(one.id));
    this.#messages.set(Object.freeze([...confirmed, ...waiting.map((one) => this.#pending(one))]));
  }

  #pending(one: Outgoing): ChatMessage {
    return Object.freeze({
      key: one.id,
      messageId: null,
      seq: null,
      roomId: this.id,
      senderId: this.#client.userId ?? '',
      content: one.content ?? '',
      timestamp: one.since,
      clientId: one.id,
      state: one.state,
      ...(one.replyTo !== undefined && { replyTo: one.replyTo }),
      ...(one.error && { error: one.error }),
    });
  }
}

function shown(message: Message, userId: string | undefined): ChatMessage {
  // A `clientId` is its sender's own: another one's may be the same.
  const key = (message.senderId === userId && message.clientId) || message.messageId;
  return Object.freeze({ ...message, key, state: 'sent' });
}

/** A message as it is after an edit or its deletion. */
export function rewritten(message: Message, frame: ServerFrame): Message {
  if (frame.type === 'DELETED') return { ...message, content: '', deleted: true, reactions: [] };
  const { content, editedAt } = frame.data as Edited;
  return { ...message, content, editedAt };
}
