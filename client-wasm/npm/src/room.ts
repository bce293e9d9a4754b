/** One room as a user interface shows it. */
import type { Method } from './connection.js';
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
/** A typing indicator that is not renewed or taken back is over after this time: one second more than the server's. */
const TYPING_MS = 6_000;

/** A message, and up to which entry of the room's log it is told. */
interface Known {
  readonly message: Message;
  readonly asOf: number;
}

/** What a room needs of its client. */
export interface RoomContext {
  readonly userId: string | undefined;
  request<T>(method: Method, path: string, body?: unknown): Promise<T>;
  outgoing(roomId: string): Outgoing[];
  join(roomId: string): void;
  leave(roomId: string): void;
  send(roomId: string, content: string, replyTo?: string): Sending<Message>;
  read(roomId: string, seq: number): void;
  report(error: unknown): void;
}

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
  readonly #context: RoomContext;
  /** Confirmed messages by id; the list is sorted when a snapshot is made. */
  readonly #log = new Map<string, Known>();
  /** Changes that came while pages were on their way, which may have been read before them. */
  readonly #early: ServerFrame[] = [];
  #asked = 0;
  readonly #typers = new Map<string, ReturnType<typeof setTimeout>>();
  #changed = false;
  #loading: Promise<void> | undefined;
  #isOpen = false;

  /** @internal */
  constructor(id: string, context: RoomContext) {
    this.id = id;
    this.#context = context;
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
    this.#context.join(this.id);
  }

  /** Leaves the room. Leaving a public room ends the membership too. */
  leave(): void {
    this.#isOpen = false;
    this.#context.leave(this.id);
  }

  /**
   * Sends a message.
   *
   * @param content the text, 1 byte to 16 KiB
   * @param options `replyTo`: the id of the message that this one answers
   */
  send(content: string, options: { replyTo?: string } = {}): Sending<Message> {
    return this.#context.send(this.id, content, options.replyTo);
  }

  /**
   * Moves the read marker forward.
   *
   * @param seq the position of the last message read; left out: of the newest
   */
  markRead(seq?: number): void {
    const upTo = seq ?? this.#newest();
    if (upTo > 0) this.#context.read(this.id, upTo);
  }

  /** Loads one more page of history in front of what is there. Rejects with a `TidingsError`. */
  loadOlder(): Promise<void> {
    this.#loading ??= this.#load(this.#oldest()).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
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
        if (this.#asked > 0 && this.#early.push(frame) > MAX_KEPT) this.#early.shift();
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

  /** Entries were left out: reads what is missing from history. @internal */
  gap(from: number): void {
    this.#fill(from).catch((error: unknown) => this.#context.report(error));
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

  #put(message: Message): void {
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
    this.#log.set(messageId, { message: this.#changedBy(frame, known.message), asOf: seq });
    this.#changed = true;
  }

  #changedBy(frame: ServerFrame, message: Message): Message {
    switch (frame.type) {
      case 'EDITED':
        return { ...message, content: frame.data.content, editedAt: frame.data.editedAt };
      case 'DELETED':
        return { ...message, content: '', deleted: true, reactions: [] };
      case 'REACTION':
        return { ...message, reactions: this.#reactions(frame.data, message.reactions) };
      default:
        return message;
    }
  }

  #reactions({ emoji, userId, removed }: Reaction, before: readonly ReactionCount[] = []): ReactionCount[] {
    const isMine = userId === this.#context.userId;
    const { count, mine } = before.find((one) => one.emoji === emoji) ?? { count: 0, mine: false };
    const after = { emoji, count: count + (removed ? -1 : 1), mine: isMine ? !removed : mine };
    const all = count > 0 ? before.map((one) => (one.emoji === emoji ? after : one)) : [...before, after];
    return all.filter((one) => one.count > 0);
  }

  #joined({ people, headSeq }: RoomParticipants): void {
    this.#members.set(people);
    const isEmpty = this.#log.size === 0;
    if (headSeq === 0) this.#hasMore.set(false);
    else if (isEmpty) this.#load(undefined).catch((error: unknown) => this.#context.report(error));
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

  async #load(before: number | undefined): Promise<void> {
    const page = await this.#page(before === undefined ? `limit=${PAGE}` : `before=${before}&limit=${PAGE}`);
    this.#hasMore.set(page.hasMore);
  }

  async #fill(from: number): Promise<void> {
    for (let after = from - 1; ; ) {
      const page = await this.#page(`after=${after}&limit=200`);
      const last = page.messages.at(-1);
      if (!page.hasMore || !last || last.seq <= after) return;
      after = last.seq;
    }
  }

  async #page(query: string): Promise<MessagePage> {
    this.#asked += 1;
    try {
      const path = `/api/v1/rooms/${encodeURIComponent(this.id)}/messages?${query}`;
      const page = await this.#context.request<MessagePage>('GET', path);
      this.#take(page);
      return page;
    } finally {
      this.#asked -= 1;
      if (this.#asked === 0) this.#early.length = 0;
    }
  }

  #take({ messages, headSeq }: MessagePage): void {
    for (const message of messages) {
      const asOf = headSeq ?? message.seq;
      if ((this.#log.get(message.messageId)?.asOf ?? 0) < asOf) this.#log.set(message.messageId, { message, asOf });
    }
    for (const frame of this.#early) this.#change(frame);
    this.#changed = true;
    this.flush();
  }

  #newest(): number {
    return Math.max(0, ...Array.from(this.#log.values(), ({ message }) => message.seq));
  }

  #oldest(): number | undefined {
    return this.#log.size === 0 ? undefined : Math.min(...Array.from(this.#log.values(), ({ message }) => message.seq));
  }

  #draw(): void {
    const log = Array.from(this.#log.values(), ({ message }) => message).sort((one, other) => one.seq - other.seq);
    if (log.length > MAX_KEPT) {
      for (const { messageId } of log.splice(0, log.length - MAX_KEPT)) this.#log.delete(messageId);
      this.#hasMore.set(true);
    }
    const confirmed = new Set(log.map((message) => message.clientId));
    const waiting = this.#context.outgoing(this.id).filter((one) => !confirmed.has(one.id));
    this.#messages.set(Object.freeze([...log.map(shown), ...waiting.map((one) => this.#pending(one))]));
  }

  #pending(one: Outgoing): ChatMessage {
    return Object.freeze({
      key: one.id,
      messageId: null,
      seq: null,
      roomId: this.id,
      senderId: this.#context.userId ?? '',
      content: one.content ?? '',
      timestamp: one.since,
      clientId: one.id,
      state: one.state,
      ...(one.replyTo === undefined ? {} : { replyTo: one.replyTo }),
      ...(one.error === undefined ? {} : { error: one.error }),
    });
  }
}

function shown(message: Message): ChatMessage {
  return Object.freeze({ ...message, key: message.clientId ?? message.messageId, state: 'sent' });
}
