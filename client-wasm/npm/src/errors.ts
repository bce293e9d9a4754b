/** The one kind of error that this package throws, rejects with and reports. */
import type { Code } from './generated/protocol.js';

/**
 * What went wrong, in one word that programs may match on: the server's own {@link Code}s, and those of the client.
 *
 * - `QUEUE_FULL`: the outbox holds as much as it may; wait for it to empty.
 * - `EMPTY`: the message has no text.
 * - `BUSY`: the message is on its way already and cannot be changed.
 * - `UNKNOWN_ENTRY`: there is no such message in the outbox.
 * - `CANCELLED`: the message was cancelled.
 * - `TAKEN_OVER`: another page of the user took the message over while this client was closed, and sends it.
 * - `CLOSED`: the client is closed.
 * - `NETWORK`: no answer came.
 * - `TOKEN`: `getToken` failed, or gave no string.
 * - `BAD_RESPONSE`: the server's answer could not be read.
 * - `WASM_BLOCKED`: the page's Content-Security-Policy forbids WebAssembly; it needs `'wasm-unsafe-eval'`.
 * - `WASM_FAILED`: the module could not be loaded.
 */
export type TidingsErrorCode =
  | Code
  | 'QUEUE_FULL'
  | 'EMPTY'
  | 'BUSY'
  | 'UNKNOWN_ENTRY'
  | 'CANCELLED'
  | 'TAKEN_OVER'
  | 'CLOSED'
  | 'NETWORK'
  | 'TOKEN'
  | 'BAD_RESPONSE'
  | 'WASM_BLOCKED'
  | 'WASM_FAILED';

const RETRYABLE: readonly string[] = ['RATE_LIMITED', 'UNAVAILABLE', 'QUEUE_FULL', 'NETWORK', 'TOKEN', 'WASM_FAILED'];

/**
 * An error with a code.
 *
 * @example
 * ```ts
 * try {
 *   await client.sendChatMessage('general', 'hi').done;
 * } catch (error) {
 *   if (error instanceof TidingsError && error.retryable) offerRetry();
 * }
 * ```
 */
export class TidingsError extends Error {
  /** Always `TidingsError`. */
  override readonly name = 'TidingsError';
  /** What went wrong. */
  readonly code: TidingsErrorCode;
  /** Whether the same attempt may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds to wait before that, where the server said so. */
  readonly retryAfterMs: number | undefined;

  /**
   * @param code what went wrong
   * @param message a sentence for people
   * @param options what the server asked for, and what caused the error
   */
  constructor(code: TidingsErrorCode, message: string, options: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = RETRYABLE.includes(code);
    this.retryAfterMs = options.retryAfterMs;
  }
}
