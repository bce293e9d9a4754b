/** The chat client. */
import { CHAT, Connection, DELETE, EDIT, PRIVATE, REACT, UNREACT, type ConnectionOptions, type Method } from './connection.js';
import { DISCONNECTED, FRAME, GAP, IDLE, MALFORMED, MAX_ATTEMPTS, ROOM, SENT, STATUS, toStatus } from './core-events.js';
import type { CoreEvent, StoredEntry } from './core-events.js';
import type { Core } from './core.js';
import { EVENT_OF, TOLD_OTHERWISE } from './dispatch.js';
import { Emitter } from './emitter.js';
import { TidingsError, type TidingsErrorCode } from './errors.js';
import type { ClientEvents, ConnectionStatus, SendChange, State } from './events.js';
import type { Ack, ClientFrame, ErrorMessage, Message, ServerFrame } from './generated/protocol.js';
import { uuid } from './ids.js';
import { BaseNotificationClient } from './notifications.js';
import { OutgoingMessages, type Draft, type Outgoing, type Sending } from './outgoing.js';
import { Room } from './room.js';
import { RoomList } from './rooms.js';
import { Value, type Store } from './store.js';
import type { WasmLoader } from './wasm.js';

/** Options of a chat client. */
export interface TidingsClientOptions extends ConnectionOptions {
  /** Whether notifications are to come over the chat connection too. Default: `false`. */
  notifications?: boolean;
  /** Most messages that wait to be sent. Default: 1,000. */
  maxQueued?: number;
}

/** The chat client, without the way to its module: see `TidingsClient`. */
export class BaseClient extends Emitter<ClientEvents> {
  readonly #connection: Connection;
  readonly #status = new Value<ConnectionStatus>(IDLE);
  readonly #rooms = new Map<string, Room>();
  readonly #list: RoomList;
  readonly #outgoing: OutgoingMessages;
  #notifications: BaseNotificationClient | undefined;
  #connecting: Promise<void> | undefined;
  #serverTime = '';
  #isWanted = false;

  /** @internal */
  constructor(options: TidingsClientOptions, loader: WasmLoader) {
    super();
    const { notifications = false, maxQueued } = options;
    this.#connection = new Connection(
      loader,
      options,
      { notifications, maxQueued },
      (core) => this.#restore(core),
      (batch, core) => this.#events(batch, core),
    );
    this.#outgoing = new OutgoingMessages((outgoing, change, ack) => this.#sendChanged(outgoing, change, ack));
    const client = this;
    this.#list = new RoomList({
      get userId() {
        return client.userId;
      },
      request: (method, path, body) => client.request(method, path, body),
      report: (error) => client.#report(error),
    });
  }

  /** Where the connection stands. */
  get state(): State {
    return this.#status.get().state;
  }

  /** Where the connection stands, with all that belongs to it, as a store. */
  get status(): Store<ConnectionStatus> {
    return this.#status;
  }

  /** When the next attempt is made, in milliseconds since the Unix epoch; `null` while none is waited for. */
  get nextRetryAt(): number | null {
    return this.#status.get().nextRetryAt;
  }

  /** The transport in use, or the next to be tried. */
  get transport(): string {
    return this.#status.get().transport;
  }

  /** How many messages wait to be sent or confirmed. */
  get queued(): number {
    return this.#connection.core?.queued() ?? 0;
  }

  /** Who the user is, as far as it is known. */
  get userId(): string | undefined {
    return this.#connection.core?.userId();
  }

  /** The user's rooms. */
  get rooms(): RoomList {
    return this.#list;
  }

  /** The user's notifications, with this client's credentials. Its stream opens with its own `connect()`. */
  get notifications(): BaseNotificationClient {
    this.#notifications ??= new BaseNotificationClient(this.#connection);
    return this.#notifications;
  }

  /**
   * Connects, and stays connected until {@link close}. Resolves when the server has greeted for the first time, however
   * many attempts that takes; rejects with a {@link TidingsError} when the client is closed before that, or when the
   * module cannot be loaded.
   */
  connect(): Promise<void> {
    this.#isWanted = true;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Attempts to connect now in place of waiting. */
  reconnectNow(): void {
    this.#connection.core?.reconnectNow();
  }

  /**
   * Disconnects for good; {@link connect} begins anew.
   *
   * @param options `forget: true` erases what waits to be sent and all positions, as when a user signs out
   */
  close(options: { forget?: boolean } = {}): void {
    this.#isWanted = false;
    this.#connection.core?.close(options.forget ?? false);
  }

  /** Disconnects, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /**
   * A room's messages, people and typing as stores. The same object for the same id.
   *
   * @param roomId the room
   */
  room(roomId: string): Room {
    let room = this.#rooms.get(roomId);
    if (!room) {
      const client = this;
      room = new Room(roomId, {
        get userId() {
          return client.userId;
        },
        request: (method, path, body) => client.request(method, path, body),
        outgoing: (id) => client.#outgoing.toRoom(id),
        join: (id) => client.joinRoom(id),
        leave: (id) => client.leaveRoom(id),
        send: (id, content, replyTo) => client.sendChatMessage(id, content, replyTo === undefined ? {} : { replyTo }),
        read: (id, seq) => client.markRead(id, seq),
        report: (error) => client.#report(error),
      });
      this.#rooms.set(roomId, room);
    }
    return room;
  }

  /**
   * Is in a room, now and after every reconnect. A room that does not exist is created as a public one.
   *
   * @param roomId the room
   * @param options `afterSeq`: replay what came after this position
   */
  joinRoom(roomId: string, options: { afterSeq?: number } = {}): void {
    this.#call((core) => core.join(roomId, options.afterSeq));
  }

  /**
   * Is in a room no longer. Leaving a public room ends the membership too.
   *
   * @param roomId the room
   */
  leaveRoom(roomId: string): void {
    this.#call((core) => core.leave(roomId));
  }

  /**
   * Sends a message to a room.
   *
   * @param roomId the room; the user must be a member
   * @param content the text, 1 byte to 16 KiB
   * @param options `replyTo`: the id of the message that this one answers
   * @returns its id, and a promise of the message as the server has it
   */
  sendChatMessage(roomId: string, content: string, options: { replyTo?: string } = {}): Sending<Message> {
    const draft = { roomId, recipientId: undefined, content, replyTo: options.replyTo };
    return this.#sendMessage(draft, CHAT, roomId, options.replyTo, content);
  }

  /**
   * Sends a message to a user.
   *
   * @param recipientId the user
   * @param content the text, 1 byte to 16 KiB
   * @param options `replyTo`: the id of the message that this one answers
   * @returns its id, and a promise of the message as the server has it
   */
  sendPrivateMessage(recipientId: string, content: string, options: { replyTo?: string } = {}): Sending<Message> {
    const draft = { roomId: undefined, recipientId, content, replyTo: options.replyTo };
    return this.#sendMessage(draft, PRIVATE, recipientId, options.replyTo, content);
  }

  /**
   * Replaces the text of one's own message.
   *
   * @param roomId its room
   * @param messageId the message
   * @param content its new text, 1 byte to 16 KiB
   */
  editMessage(roomId: string, messageId: string, content: string): Sending<Ack> {
    return this.#send(change(roomId), EDIT, roomId, messageId, content);
  }

  /**
   * Deletes one's own message.
   *
   * @param roomId its room
   * @param messageId the message
   */
  deleteMessage(roomId: string, messageId: string): Sending<Ack> {
    return this.#send(change(roomId), DELETE, roomId, messageId, '');
  }

  /**
   * Sets this user's reaction to a message, or unsets it.
   *
   * @param roomId its room
   * @param messageId the message
   * @param emoji 1 to 64 bytes
   * @param options `remove: true` unsets it
   */
  react(roomId: string, messageId: string, emoji: string, options: { remove?: boolean } = {}): Sending<Ack> {
    return this.#send(change(roomId), options.remove ? UNREACT : REACT, roomId, messageId, emoji);
  }

  /**
   * Says that the user types, or has stopped. While the user types, say so again every 3 seconds or so; the server
   * takes it back after 5.
   *
   * @param roomId the room
   * @param isTyping whether the user types
   */
  sendTypingIndicator(roomId: string, isTyping: boolean): void {
    this.#call((core) => core.typing(roomId, isTyping));
  }

  /**
   * Moves the user's read marker forward.
   *
   * @param roomId the room
   * @param seq the position of the last message read
   */
  markRead(roomId: string, seq: number): void {
    this.#call((core) => core.read(roomId, seq));
    this.#list.read(roomId, seq);
  }

  /** What the others see of this user, now and after every reconnect. @param status `online` or `away` */
  setPresence(status: 'online' | 'away'): void {
    this.#call((core) => core.presence(status === 'away'));
  }

  /**
   * A request to the server's HTTP interface with this client's credentials.
   *
   * @param method the method
   * @param path begins with a slash: `/api/v1/users?q=ann`
   * @param body is sent as JSON
   * @returns the answer's JSON; `undefined` where it has none
   * @throws TidingsError with the server's code, or `NETWORK` where no answer came
   */
  request<T>(method: Method, path: string, body?: unknown): Promise<T> {
    return this.#connection.request(method, path, body);
  }

  /** The connection in the shape of a WebSocket: what is known at a glance. */
  getConnectionState(): {
    isConnected: boolean;
    readyState: number | undefined;
    reconnectAttempts: number;
    queuedMessages: number;
  } {
    const { state, attempts } = this.#status.get();
    const readyState = { idle: undefined, connecting: 0, connected: 1, reconnecting: 0, closed: 3 }[state];
    return { isConnected: state === 'connected', readyState, reconnectAttempts: attempts, queuedMessages: this.queued };
  }

  async #connect(): Promise<void> {
    const core = await this.#connection.load();
    // Closed while the module was loading.
    if (!this.#isWanted) throw new TidingsError('CLOSED', 'The client was closed.');
    if (this.state === 'connected') return;
    const settled = new Promise<void>((resolve, reject) => {
      const dispose = this.#status.subscribe(({ state, closedBy }) => {
        if (state !== 'connected' && state !== 'closed') return;
        dispose();
        if (state === 'connected') resolve();
        else reject(new TidingsError(closeCode(closedBy), `The client was closed (${closedBy ?? 'client'}).`));
      });
    });
    core.connect();
    await settled;
  }

  /** @param call gives `false` where an id is none */
  #call(call: (core: Core) => boolean | void): void {
    const taken = this.#connection.run((core) => {
      if (call(core) === false) this.emit('error', new TidingsError('INVALID_FRAME', 'This is no id of a room.'));
    });
    if (!taken) throw new TidingsError('QUEUE_FULL', 'Too many calls before connect().');
  }

  #sendMessage(draft: Draft, kind: number, place: string, replyTo: string | undefined, text: string): Sending<Message> {
    const sending = this.#send(draft, kind, place, replyTo, text);
    const message = async (done: Promise<Ack>): Promise<Message> => this.#messageOf(await done, draft);
    let [acked, made] = [sending.done, message(sending.done)];
    made.catch(() => undefined);
    const current = () => {
      if (sending.done !== acked) {
        [acked, made] = [sending.done, message(sending.done)];
        made.catch(() => undefined);
      }
      return made;
    };
    return {
      id: sending.id,
      get done() {
        return current();
      },
      retry: () => {
        void sending.retry();
        return current();
      },
      cancel: () => sending.cancel(),
    };
  }

  #send(draft: Draft, kind: number, place: string, message: string | undefined, text: string): Sending<Ack> {
    const id = uuid();
    const outgoing = this.#outgoing.add(id, draft);
    const refuse = (code: TidingsErrorCode, sentence: string) => {
      this.#outgoing.drop(id);
      this.#outgoing.fail(outgoing, new TidingsError(code, sentence));
    };
    const taken = this.#connection.run((core) => {
      if (!core.enqueue(id, kind, place, message, text)) refuse('INVALID_FRAME', 'A room, user or message has no such id.');
    });
    if (!taken) refuse('QUEUE_FULL', 'Too many messages before connect().');
    return {
      id,
      get done() {
        return outgoing.done;
      },
      retry: () => {
        const done = outgoing.retry();
        this.#connection.core?.retry(id);
        return done;
      },
      cancel: () => this.#connection.core?.cancel(id),
    };
  }

  #messageOf(ack: Ack, draft: Draft): Message {
    const message: Message = {
      messageId: ack.messageId ?? '',
      roomId: ack.roomId ?? draft.roomId ?? '',
      seq: ack.seq ?? 0,
      senderId: this.userId ?? '',
      content: draft.content ?? '',
      timestamp: this.#serverTime,
      clientId: ack.id,
    };
    if (draft.replyTo !== undefined) message.replyTo = draft.replyTo;
    return message;
  }

  #events(batch: CoreEvent[], core: Core): void {
    for (const event of batch) this.#event(event, core);
    for (const room of this.#rooms.values()) room.flush();
  }

  #event(event: CoreEvent, core: Core): void {
    switch (event[0]) {
      case STATUS: {
        const before = this.state;
        this.#status.set(toStatus(event));
        const { state, closedBy } = this.#status.get();
        this.emit('stateChange', this.#status.get());
        // The socket's own end is told by its close frame; this one was closed from here.
        if (before === 'connected' && state === 'closed' && closedBy === 'client') {
          this.emit('disconnected', { code: 1000, reason: 'Client disconnecting' });
        }
        break;
      }
      case DISCONNECTED:
        this.emit('disconnected', { code: event[1], reason: event[2] });
        break;
      case MAX_ATTEMPTS:
        this.emit('maxReconnectAttemptsReached');
        break;
      case FRAME:
        this.#frame(JSON.parse(event[1]) as ServerFrame);
        break;
      case SENT: {
        const [, id, ...detail] = event;
        if (!this.#outgoing.get(id)) this.#restore(core);
        this.#outgoing.sent(id, ...detail);
        break;
      }
      case ROOM:
        if (event[2] === 'refused') {
          const code = (event[3] ?? 'FORBIDDEN') as TidingsErrorCode;
          this.emit('roomRefused', { roomId: event[1], error: new TidingsError(code, 'The room cannot be joined.') });
        }
        break;
      case GAP: {
        const [, roomId, from, to, reason] = event;
        if (roomId !== undefined && to >= from) this.#rooms.get(roomId)?.gap(from);
        this.emit('gap', { roomId: roomId ?? null, from, to, reason });
        break;
      }
      case MALFORMED:
        this.emit('error', new TidingsError('BAD_RESPONSE', 'The server sent something that is no frame.'));
        break;
      default:
    }
  }

  #frame(frame: ServerFrame): void {
    const kind = `${frame.category}/${frame.type}`;
    this.#serverTime = frame.timestamp;
    this.emit('frame', frame);
    this.#list.frame(frame);
    const { roomId } = frame.data as { roomId?: string };
    if (frame.type === 'PRESENCE') for (const room of this.#rooms.values()) room.frame(frame);
    else if (roomId !== undefined) this.#rooms.get(roomId)?.frame(frame);
    const name = EVENT_OF[kind];
    if (name) this.emit(name, frame.data as never);
    else if (kind === 'ERROR/MESSAGE') this.#refused(frame.data as ErrorMessage);
    else if (frame.category === 'SYSTEM' && !TOLD_OTHERWISE.includes(kind)) {
      this.emit('systemMessage', { type: frame.type, data: frame.data });
    }
    if (kind === 'SYSTEM/CONNECTION_ESTABLISHED') this.emit('connected', frame.data as never);
  }

  #refused(data: ErrorMessage): void {
    const error = new TidingsError(data.code, data.error, { retryAfterMs: data.retryAfterMs });
    const { roomId, id } = data;
    this.emit('error', Object.assign(error, { error: data.error }, roomId && { roomId }, id && { id }));
  }

  /** An earlier page load left messages in the outbox: they are shown as this one's own. */
  #restore(core: Core): void {
    for (const [id, text, refusal] of core.outbox() as StoredEntry[]) {
      if (this.#outgoing.get(id)) continue;
      const frame = JSON.parse(text) as ClientFrame;
      const draft: Draft = {
        roomId: 'roomId' in frame ? frame.roomId : undefined,
        recipientId: frame.type === 'PRIVATE_MESSAGE' ? frame.data.recipientId : undefined,
        content: frame.type === 'CHAT_MESSAGE' || frame.type === 'PRIVATE_MESSAGE' ? frame.content : undefined,
        replyTo: 'replyTo' in frame ? frame.replyTo : undefined,
      };
      this.#outgoing.add(id, draft);
      if (refusal === undefined) this.#outgoing.sent(id, 'queued');
      else this.#outgoing.sent(id, 'failed', refusal);
    }
    for (const room of this.#rooms.values()) room.flush();
  }

  #sendChanged(outgoing: Outgoing, sent: SendChange, ack: Ack | undefined): void {
    if (outgoing.roomId !== undefined) {
      const room = this.#rooms.get(outgoing.roomId);
      // Shown as sent until the log brings it; where this session is not subscribed, that is the last word.
      if (room && ack && outgoing.content !== undefined) room.frame(this.#echo(outgoing, ack));
      room?.touch();
      if (sent.state === 'saving' || sent.state === 'failed') room?.flush();
    }
    if (ack) this.emit('messageAcked', ack);
    this.emit('sendChange', sent);
  }

  #echo(outgoing: Outgoing, ack: Ack): ServerFrame {
    const data = this.#messageOf(ack, outgoing);
    return { category: 'CHAT', type: 'MESSAGE', data, timestamp: this.#serverTime };
  }

  #report(error: unknown): void {
    if (error instanceof TidingsError) this.emit('error', error);
    else throw error;
  }
}

/** A change of a message is not shown as a message. */
function change(roomId: string): Draft {
  return { roomId, recipientId: undefined, content: undefined, replyTo: undefined };
}

function closeCode(closedBy: ConnectionStatus['closedBy']): TidingsErrorCode {
  if (closedBy === 'unauthenticated') return 'UNAUTHENTICATED';
  return closedBy === 'forbidden' ? 'FORBIDDEN' : 'CLOSED';
}
