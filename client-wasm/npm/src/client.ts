/** The chat client. */
import { CLOSE, CONNECT, JOIN, LEAVE, PRESENCE, QUEUED, READ, RECONNECT, TYPING, USER, ask } from './commands.js';
import { Connection, type ConnectionOptions, type Method } from './connection.js';
import { IDLE } from './core-events.js';
import type { Core } from './core.js';
import { Emitter } from './emitter.js';
import { TidingsError, type TidingsErrorCode } from './errors.js';
import type { ClientEvents, ConnectionStatus, State } from './events.js';
import type { Ack, Message } from './generated/protocol.js';
import { Incoming } from './incoming.js';
import { BaseNotificationClient } from './notifications.js';
import type { Sending } from './outgoing.js';
import { Room } from './room.js';
import { RoomList } from './rooms.js';
import { Sends } from './sends.js';
import { Value, connected, type Store } from './store.js';
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
  readonly #status: Value<ConnectionStatus>;
  readonly #rooms = new Map<string, Room>();
  readonly #list: RoomList;
  readonly #sends: Sends;
  readonly #incoming: Incoming;
  #notifications: BaseNotificationClient | undefined;
  #connecting: Promise<void> | undefined;
  #isWanted = false;

  /** @internal */
  constructor(options: TidingsClientOptions, loader: WasmLoader) {
    super();
    const { notifications = false, persistence = true, maxQueued } = options;
    this.#status = new Value<ConnectionStatus>(Object.freeze({ ...IDLE, persistence }));
    this.#connection = new Connection(
      loader,
      options,
      { notifications, maxQueued },
      (core) => this.#sends.restore(core),
      (batch, core) => this.#incoming.events(batch, core),
    );
    const client = this;
    this.#sends = new Sends(this.#connection, {
      get userId() {
        return client.userId;
      },
      get serverTime() {
        return client.#incoming.serverTime;
      },
      changed: (outgoing, change, ack, message) => {
        const room = outgoing.roomId === undefined ? undefined : this.#rooms.get(outgoing.roomId);
        // Shown as sent until the log brings it; where this session is not subscribed, that is the last word.
        if (message) room?.frame({ category: 'CHAT', type: 'MESSAGE', data: message, timestamp: message.timestamp });
        room?.touch();
        if (change.state === 'saving' || change.state === 'failed') room?.flush();
        if (ack) this.emit('messageAcked', ack);
        this.emit('sendChange', change);
      },
      restored: () => this.#incoming.flush(),
    });
    this.#list = new RoomList(this, this.#report);
    this.#incoming = new Incoming({
      status: this.#status,
      rooms: this.#rooms,
      list: this.#list,
      sends: this.#sends,
      to: this,
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
    return ask<number>(this.#connection.core, QUEUED) ?? 0;
  }

  /** Who the user is, as far as it is known. */
  get userId(): string | undefined {
    return ask<string>(this.#connection.core, USER);
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
    ask(this.#connection.core, RECONNECT);
  }

  /**
   * Disconnects for good; {@link connect} begins anew.
   *
   * @param options `forget: true` erases what waits to be sent and all positions, as when a user signs out
   */
  close(options: { forget?: boolean } = {}): void {
    this.#isWanted = false;
    const { forget = false } = options;
    const { core } = this.#connection;
    // The core forgets which rooms were joined.
    if (forget) for (const room of this.#rooms.values()) room.out();
    if (core) ask(core, CLOSE, forget);
    // What earlier page loads left is erased by the module alone.
    else if (forget) this.#connection.load().then((core) => ask(core, CLOSE, true)).catch(this.#report);
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
      room = new Room(roomId, this, () => this.#sends.toRoom(roomId), this.#report);
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
    this.#act(JOIN, roomId, options.afterSeq);
  }

  /**
   * Is in a room no longer. Leaving a public room ends the membership too.
   *
   * @param roomId the room
   */
  leaveRoom(roomId: string): void {
    this.#act(LEAVE, roomId);
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
    return this.#sends.chat(roomId, content, options.replyTo);
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
    return this.#sends.private(recipientId, content, options.replyTo);
  }

  /**
   * Sends a refused message again, behind those that wait. For a message of an earlier page load, too.
   *
   * @param id the id that the call gave which sent it: the message's `key` in a room's list
   */
  retry(id: string): void {
    this.#sends.retry(id);
  }

  /**
   * Replaces the text of a message that was refused or never sent, and sends it. One that is on its way stays as it is;
   * {@link editMessage} changes it when the server has it.
   *
   * @param id as in {@link retry}
   * @param content the new text, 1 byte to 16 KiB
   */
  revise(id: string, content: string): void {
    this.#sends.revise(id, content);
  }

  /**
   * Drops a message that was refused or never sent. One that is on its way stays.
   *
   * @param id as in {@link retry}
   */
  cancel(id: string): void {
    this.#sends.cancel(id);
  }

  /**
   * Replaces the text of one's own message.
   *
   * @param roomId its room
   * @param messageId the message
   * @param content its new text, 1 byte to 16 KiB
   */
  editMessage(roomId: string, messageId: string, content: string): Sending<Ack> {
    return this.#sends.edit(roomId, messageId, content);
  }

  /**
   * Deletes one's own message.
   *
   * @param roomId its room
   * @param messageId the message
   */
  deleteMessage(roomId: string, messageId: string): Sending<Ack> {
    return this.#sends.delete(roomId, messageId);
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
    return this.#sends.react(roomId, messageId, emoji, options.remove ?? false);
  }

  /**
   * Says that the user types, or has stopped. While the user types, say so again every 3 seconds or so; the server
   * takes it back after 5.
   *
   * @param roomId the room
   * @param isTyping whether the user types
   */
  sendTypingIndicator(roomId: string, isTyping: boolean): void {
    this.#act(TYPING, roomId, isTyping);
  }

  /**
   * Moves the user's read marker forward.
   *
   * @param roomId the room
   * @param seq the position of the last message read
   */
  markRead(roomId: string, seq: number): void {
    this.#act(READ, roomId, seq);
    this.#list.read(roomId, seq);
  }

  /** What the others see of this user, now and after every reconnect. @param status `online` or `away` */
  setPresence(status: 'online' | 'away'): void {
    this.#call((core) => ask(core, PRESENCE, status === 'away'));
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
    const settled = connected(this.#status, ({ closedBy }) => {
      return new TidingsError(closeCode(closedBy), `The client was closed (${closedBy ?? 'client'}).`);
    });
    ask(core, CONNECT);
    await settled;
  }

  #act(act: number, roomId: string, more?: number | boolean): void {
    this.#call((core) => {
      if (ask(core, act, roomId, more)) return;
      this.emit('error', new TidingsError('INVALID_FRAME', 'This is no id of a room.'));
    });
  }

  #call(call: (core: Core) => void): void {
    const taken = this.#connection.run(call);
    if (!taken) throw new TidingsError('QUEUE_FULL', 'Too many calls before connect().');
  }

  readonly #report = (error: unknown): void => {
    if (error instanceof TidingsError) this.emit('error', error);
    else throw error;
  };
}

function closeCode(closedBy: ConnectionStatus['closedBy']): TidingsErrorCode {
  if (closedBy === 'unauthenticated') return 'UNAUTHENTICATED';
  return closedBy === 'forbidden' ? 'FORBIDDEN' : 'CLOSED';
}
