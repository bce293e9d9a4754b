/** Tidings for JavaScript, with the wasm module from where you say: `wasm` may be its address, its bytes, or compiled. */
import { BaseClient, type TidingsClientOptions } from './client.js';
import type { ConnectionOptions } from './connection.js';
import { BaseNotificationClient, notificationConnection } from './notifications.js';
import type { WasmLoader, WasmSource } from './wasm.js';

export * from './shared.js';

/**
 * A chat client. It does nothing until {@link connect}: it may be made at module level and on a server.
 *
 * From then on it stays connected. It comes back by itself, rejoins its rooms and replays what was missed; what is sent
 * waits in an outbox until the server has it durably, across page loads.
 *
 * @example
 * ```ts
 * const client = new TidingsClient({ url: 'https://chat.example', wasm: '/tidings_bg.wasm', getToken: () => fetchToken() });
 * client.on('chatMessage', ({ senderId, content }) => console.log(senderId, content));
 * await client.connect();
 * client.joinRoom('general');
 * await client.sendChatMessage('general', 'Hello').done;
 * ```
 */
export class TidingsClient extends BaseClient {
  /** @param options the server, by what the client is known to it, and where the wasm is */
  constructor(options: TidingsClientOptions & { wasm: WasmSource }) {
    super(options, from(options.wasm));
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
 * const notifications = new NotificationClient({ url: 'https://chat.example', wasm: '/tidings_bg.wasm', getToken });
 * notifications.on('notification', ({ title }) => console.log(title));
 * notifications.unreadCount.subscribe((count) => drawBadge(count));
 * await notifications.connect();
 * ```
 */
export class NotificationClient extends BaseNotificationClient {
  /** @param options the server, by what the client is known to it, and where the wasm is */
  constructor(options: ConnectionOptions & { wasm: WasmSource }) {
    super(notificationConnection(from(options.wasm), options));
  }
}

/** The wasm is asked for when a client first needs it. */
function from(source: WasmSource): WasmLoader {
  return async () => {
    const given = await source;
    const isAddress = typeof given === 'string' || given instanceof URL || given instanceof Request;
    const response = isAddress ? await fetch(given) : given;
    if (!(response instanceof Response)) return response;
    if (!response.ok) throw new Error(`HTTP status ${response.status} for ${response.url}`);
    return response.arrayBuffer();
  };
}
