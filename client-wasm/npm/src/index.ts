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

/** {@inheritDoc BaseClient} */
export class TidingsClient extends BaseClient {
  /** @param options the server, and by what the client is known to it */
  constructor(options: TidingsClientOptions = {}) {
    super(options, inlineWasm);
  }
}

/** {@inheritDoc BaseNotificationClient} */
export class NotificationClient extends BaseNotificationClient {
  /** @param options the server, and by what the client is known to it */
  constructor(options: ConnectionOptions = {}) {
    super(notificationConnection(inlineWasm, options));
  }
}

/** {@inheritDoc BaseChatWebSocketClient} */
export class ChatWebSocketClient extends BaseChatWebSocketClient {
  /**
   * @param serverUrl the server: `ws://localhost:8080`
   * @param token the user's token
   */
  constructor(serverUrl: string, token: string) {
    super(serverUrl, token, inlineWasm);
  }
}

/** {@inheritDoc BaseNotificationSSEClient} */
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
