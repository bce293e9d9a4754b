/** A drop-in for hand-written chat clients over a bare WebSocket: their methods, events and state. */
import { BaseClient } from '../client.js';
import { Emitter } from '../emitter.js';
import { TidingsError } from '../errors.js';
import type { ClientFrame, ServerFrame } from '../generated/protocol.js';
import type { WasmLoader } from '../wasm.js';
import type { AnyEvents } from './events.js';

/** What `getConnectionState()` gives. */
export interface ChatConnectionState {
  /** Whether the connection stands. */
  isConnected: boolean;
  /** As of a WebSocket: 0 connecting, 1 open, 3 closed; `undefined` before the first `connect()`. */
  readyState: number | undefined;
  /** Attempts since the connection was last proved good. */
  reconnectAttempts: number;
  /** How many messages wait to be sent or confirmed. */
  queuedMessages: number;
}

/** The drop-in chat client, without the way to its module: see `ChatWebSocketClient`. */
export class BaseChatWebSocketClient extends Emitter<AnyEvents> {
  /** The server's address. */
  readonly serverUrl: string;
  /** The user's token. */
  readonly token: string;
  /** The client that this one stands on. */
  readonly client: BaseClient;

  /** @internal */
  constructor(serverUrl: string, token: string, loader: WasmLoader) {
    super();
    this.serverUrl = serverUrl;
    this.token = token;
    this.client = new BaseClient({ url: serverUrl, token }, loader);
    this.client.on('connected', (data) => this.emit('connected', data));
    this.client.on('disconnected', ({ code, reason }) =>
      this.emit('disconnected', { code: code ?? 1006, reason, wasClean: code === 1000 }),
    );
    this.client.on('frame', (frame) => this.handleMessage(frame));
    this.client.on('error', (error) => {
      // What the server refused comes as a frame.
      if (!('error' in error)) this.emit('error', { error: error.message, code: error.code });
    });
    this.client.on('maxReconnectAttemptsReached', () => this.emit('maxReconnectAttemptsReached', undefined));
  }

  /** Whether the connection stands. */
  get isConnected(): boolean {
    return this.client.state === 'connected';
  }

  /** Attempts since the connection was last proved good. */
  get reconnectAttempts(): number {
    return this.client.status.get().attempts;
  }

  /**
   * Connects. Resolves when the connection stands, and rejects when the first attempt fails; the client goes on trying
   * all the same, until {@link disconnect}.
   */
  async connect(): Promise<unknown> {
    const failed = this.client.once('disconnected');
    const outcome = await Promise.race([
      this.client.connect().then(() => undefined),
      failed.then(({ reason }) => new TidingsError('NETWORK', reason || 'The connection failed.')),
    ]);
    if (!outcome) return { type: 'open' };
    // It goes on trying; how that ends is told by events.
    this.client.connect().catch(() => undefined);
    this.emit('error', { error: outcome.message, code: outcome.code });
    throw outcome;
  }

  /** Disconnects for good. */
  disconnect(): void {
    this.client.close();
  }

  /**
   * Sends a frame, now or when there is a connection.
   *
   * @param message a frame of the protocol: `{ type: 'JOIN_ROOM', roomId: 'general' }`
   */
  send(message: ClientFrame): void {
    // Where a method takes options, they are fields of the frame.
    switch (message.type) {
      case 'JOIN_ROOM':
        this.client.joinRoom(message.roomId, message);
        break;
      case 'LEAVE_ROOM':
        this.client.leaveRoom(message.roomId);
        break;
      case 'CHAT_MESSAGE':
        this.client.sendChatMessage(message.roomId, message.content, message);
        break;
      case 'PRIVATE_MESSAGE':
        this.client.sendPrivateMessage(message.data.recipientId, message.content, message);
        break;
      case 'TYPING':
        this.client.sendTypingIndicator(message.roomId, message.data.isTyping);
        break;
      case 'EDIT_MESSAGE':
        this.client.editMessage(message.roomId, message.messageId, message.content);
        break;
      case 'DELETE_MESSAGE':
        this.client.deleteMessage(message.roomId, message.messageId);
        break;
      case 'REACT':
        this.client.react(message.roomId, message.messageId, message.emoji, message);
        break;
      case 'READ':
        this.client.markRead(message.roomId, message.seq);
        break;
      case 'PRESENCE':
        this.client.setPresence(message.status);
        break;
      default:
        // RESUME, AUTHENTICATE and PING are the client's own affair.
        throw new TidingsError('UNKNOWN_TYPE', `${message.type} is sent by the client itself.`);
    }
  }

  /** Subscribes to a room. @param roomId the room */
  joinRoom(roomId: string): void {
    this.send({ type: 'JOIN_ROOM', roomId });
  }

  /** Unsubscribes from a room. @param roomId the room */
  leaveRoom(roomId: string): void {
    this.send({ type: 'LEAVE_ROOM', roomId });
  }

  /** Sends a message to a room. @param roomId the room @param content the text */
  sendChatMessage(roomId: string, content: string): void {
    this.send({ type: 'CHAT_MESSAGE', roomId, content });
  }

  /** Says that the user types, or has stopped. @param roomId the room @param isTyping whether the user types */
  sendTypingIndicator(roomId: string, isTyping: boolean): void {
    this.send({ type: 'TYPING', roomId, data: { isTyping } });
  }

  /** Sends a message to a user. @param recipientId the user @param content the text */
  sendPrivateMessage(recipientId: string, content: string): void {
    this.send({ type: 'PRIVATE_MESSAGE', content, data: { recipientId } });
  }

  /** Tells a frame of the server as the event that belongs to it. @param message the frame */
  handleMessage(message: ServerFrame): void {
    switch (message.category) {
      case 'SYSTEM':
        this.handleSystemMessage(message.type, message.data);
        break;
      case 'CHAT':
        this.handleChatMessage(message.type, message.data);
        break;
      case 'TYPING':
        this.handleTypingMessage(message.type, message.data);
        break;
      case 'PRIVATE':
        this.handlePrivateMessage(message.type, message.data);
        break;
      case 'ERROR':
        this.handleErrorMessage(message.type, message.data);
        break;
      default:
    }
  }

  /** Tells a `SYSTEM` frame. @param type its type @param data its data */
  handleSystemMessage(type: string, data: unknown): void {
    const names: Partial<Record<string, string>> = {
      CONNECTION_ESTABLISHED: 'connectionEstablished',
      USER_JOINED: 'userJoined',
      USER_LEFT: 'userLeft',
      ROOM_PARTICIPANTS: 'roomParticipants',
    };
    const name = names[type];
    if (name) this.emit(name, data);
    else this.emit('systemMessage', { type, data });
  }

  /** Tells a `CHAT` frame. @param type its type @param data its data */
  handleChatMessage(type: string, data: unknown): void {
    if (type === 'MESSAGE') this.emit('chatMessage', data);
  }

  /** Tells a `TYPING` frame. @param type its type @param data its data */
  handleTypingMessage(type: string, data: unknown): void {
    if (type === 'INDICATOR') this.emit('typingIndicator', data);
  }

  /** Tells a `PRIVATE` frame. @param type its type @param data its data */
  handlePrivateMessage(type: string, data: unknown): void {
    if (type === 'MESSAGE') this.emit('privateMessage', data);
    else if (type === 'DELIVERED') this.emit('messageDelivered', data);
  }

  /** Tells an `ERROR` frame. @param _type its type @param data its data */
  handleErrorMessage(_type: string, data: unknown): void {
    this.emit('error', data);
  }

  /** Attempts to connect now in place of waiting. */
  attemptReconnect(): void {
    this.client.reconnectNow();
  }

  /** What waits is sent by itself as soon as there is a connection; this hurries the connection. */
  flushMessageQueue(): void {
    if (!this.isConnected) this.client.reconnectNow();
  }

  /** Where the connection stands. */
  getConnectionState(): ChatConnectionState {
    return this.client.getConnectionState();
  }
}
