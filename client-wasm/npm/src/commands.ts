/** What the wasm is asked for, as JSON: a row whose first item says what. `src/js/act.rs` is the other end. */
import type { Core } from './core.js';

export const CONNECT = 0;
export const RECONNECT = 1;
export const CLOSE = 2;
export const PRESENCE = 3;
export const QUEUED = 4;
export const USER = 5;
export const OUTBOX = 6;
export const RETRY = 7;
export const CANCEL = 8;
export const JOIN = 9;
export const LEAVE = 10;
export const READ = 11;
export const TYPING = 12;
export const CHAT = 13;
export const PRIVATE = 14;
export const EDIT = 15;
export const DELETE = 16;
export const REACT = 17;
export const UNREACT = 18;
export const HTTP = 19;
export const TOKEN = 20;
export const STREAM_CONNECT = 21;
export const STREAM_RECONNECT = 22;
export const STREAM_CLOSE = 23;
export const STREAM_CURSOR = 24;

/**
 * Asks the core, where it is loaded.
 *
 * @param core is asked
 * @param command what, and what belongs to it; `undefined` stands for what there is none of
 * @returns the answer, or `true` where there is none to give; `undefined` where an id is none, or there is nothing
 */
export function ask<T = true>(core: Core | undefined, ...command: unknown[]): T | undefined {
  const answer = core?.act(JSON.stringify(command));
  return answer === undefined ? undefined : (JSON.parse(answer || 'true') as T);
}
