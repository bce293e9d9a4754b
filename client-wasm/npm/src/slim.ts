/** Tidings for JavaScript, with the wasm module from where you say: `wasm` may be its address, its bytes, or compiled. */
import { BaseClient, type TidingsClientOptions } from './client.js';
import type { ConnectionOptions } from './connection.js';
import { BaseNotificationClient, notificationConnection } from './notifications.js';
import type { WasmSource } from './wasm.js';

export * from './shared.js';

/** {@inheritDoc BaseClient} */
export class TidingsClient extends BaseClient {
  /** @param options the server, by what the client is known to it, and where the wasm is */
  constructor(options: TidingsClientOptions & { wasm: WasmSource }) {
    super(options, () => options.wasm);
  }
}

/** {@inheritDoc BaseNotificationClient} */
export class NotificationClient extends BaseNotificationClient {
  /** @param options the server, by what the client is known to it, and where the wasm is */
  constructor(options: ConnectionOptions & { wasm: WasmSource }) {
    super(notificationConnection(() => options.wasm, options));
  }
}
