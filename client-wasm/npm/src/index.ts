/**
 * Tidings for JavaScript. The wasm module comes along as text and is loaded when a client first connects: there is
 * nothing to configure. `@tidings/client/slim` takes it from where you say.
 */
import { BaseClient, type TidingsClientOptions } from './client.js';
import { BaseChatWebSocketClient } from './compat/chat.js';
import { BaseNotificationSSEClient } from './compat/sse.js';
import type { ConnectionOptions } from './connection.js';
import { BaseNotificationClient, notificationConnection } from './notifications.js';
import { inlineWasm, ready as load } from './wasm.js';

export * from './shared.js';

/** Loads the module ahead of the first `connect()`, which otherwise does it. */
export async function ready(): Promise<void> {
  await load(inlineWasm);
}

/**
 * A chat client. It does nothing until {@link connect}: it may be made at module level and on a server.
 *
 * From then on it stays connected. It comes back by itself, rejoins its rooms and replays what was missed; what is sent
 * waits in an outbox until the server has it durably, across page loads.
 *
 * @example
 * ```ts
 * const client = new TidingsClient({ url: 'https://chat.example', getToken: () => fetchToken() });
 * client.on('chatMessage', ({ senderId, content }) => console.log(senderId, content));
 * await client.connect();
 * client.joinRoom('general');
 * await client.sendChatMessage('general', 'Hello').done;
 * ```
 */
export class TidingsClient extends BaseClient {
  /** @param options the server, and by what the client is known to it */
  constructor(options: TidingsClientOptions = {}) {
    super(options, inlineWasm);
  }
}

/**
 * A user's notifications. Made by `client.notifications`, or on its own where there is no chat.
 *
 * The stream is an EventSource with a single-use ticket in its address, never the token. When it breaks it is opened
 * anew after the last event that arrived, also after a reload of the page.
 *
 * @example
 * ```ts
 * const notifications = new NotificationClient({ url: 'https://chat.example', getToken });
 * notifications.on('notification', ({ title }) => console.log(title));
 * notifications.unreadCount.subscribe((count) => drawBadge(count));
 * await notifications.connect();
 * ```
 */
export class NotificationClient extends BaseNotificationClient {
  /** @param options the server, and by what the client is known to it */
  constructor(options: ConnectionOptions = {}) {
    super(notificationConnection(inlineWasm, options));
  }
}

/**
 * A chat client with a callback for each kind of message. In place of a bare socket it stands on
 * {@link TidingsClient}: rooms are rejoined after a reconnect, what was missed is replayed, and what was sent while
 * there was no connection arrives once and in order.
 *
 * Events: `connected`, `disconnected`, `connectionEstablished`, `userJoined`, `userLeft`, `roomParticipants`,
 * `systemMessage`, `chatMessage`, `typingIndicator`, `privateMessage`, `messageDelivered`, `error`.
 *
 * @example
 * ```ts
 * const client = new ChatWebSocketClient('ws://localhost:8080', token);
 * client.on('chatMessage', ({ senderId, content }) => console.log(senderId, content));
 * await client.connect();
 * client.joinRoom('general');
 * client.sendChatMessage('general', 'Hello');
 * ```
 */
export class ChatWebSocketClient extends BaseChatWebSocketClient {
  /**
   * @param serverUrl the server: `ws://localhost:8080`
   * @param token the user's token
   */
  constructor(serverUrl: string, token: string) {
    super(serverUrl, token, inlineWasm);
  }
}

/**
 * A notification client with a callback for each kind of event. In place of a bare EventSource it stands on
 * {@link NotificationClient}: the stream is authenticated, comes back with what was missed, and tells nothing twice.
 *
 * Events: `connected`, `message`, `notification`, `broadcast`, `disconnected`, `error`,
 * `maxReconnectAttemptsReached`.
 *
 * @example
 * ```ts
 * const client = new NotificationSSEClient('http://localhost:8080', 'ann', token);
 * client.on('notification', ({ title }) => console.log(title));
 * client.connect();
 * ```
 */
export class NotificationSSEClient extends BaseNotificationSSEClient {
  /**
   * @param baseUrl the server: `http://localhost:8080`
   * @param userId the user
   * @param token the user's token
   */
  constructor(baseUrl: string, userId: string, token: string) {
    super(baseUrl, userId, token, inlineWasm);
  }
}
