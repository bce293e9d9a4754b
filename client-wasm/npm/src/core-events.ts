/** What the wasm tells, as JSON: small arrays whose first element says what follows. `src/js/convert.rs` is the other end. */
import type { CloseCause, ConnectionStatus, State } from './events.js';
import type { ClientFrame, GapReason, ServerFrame } from './generated/protocol.js';

export const STATUS = 0;
export const DISCONNECTED = 1;
export const MAX_ATTEMPTS = 2;
export const FRAME = 3;
export const SENT = 4;
export const ROOM = 5;
export const GAP = 6;
export const MALFORMED = 7;
export const NOTIFIED = 8;
export const ANSWERED = 9;
export const TOKEN_WANTED = 10;

/** In place of a status: there is no answer since there is no token; below it, since the network failed. */
export const NO_TOKEN = 1;

export type StatusEvent = [
  typeof STATUS,
  State,
  number | null,
  number,
  boolean,
  string,
  CloseCause | null,
  boolean,
];

export type SentEvent = [typeof SENT, string, ...SentDetail];

export type SentDetail =
  | ['queued' | 'inFlight' | 'cancelled' | 'takenOver']
  | ['acked', string | null, string | null, number | null, boolean]
  | ['failed' | 'refused', string];

export type CoreEvent =
  | StatusEvent
  | [typeof DISCONNECTED, number | null, string]
  | [typeof MAX_ATTEMPTS]
  | [typeof FRAME, ServerFrame]
  | SentEvent
  | [typeof ROOM, string, 'joined' | 'left' | 'refused', string?]
  | [typeof GAP, string | null, number, number, GapReason | 'LOST']
  | [typeof MALFORMED, string]
  | [typeof NOTIFIED, ...StreamEvent]
  | [typeof ANSWERED, request: number, status: number, text: string]
  | [typeof TOKEN_WANTED, fresh: boolean, request: number]
  // What is for the hooks of Leptos alone.
  | [];

export type StreamEvent =
  | ['connected' | 'notification' | 'broadcast' | 'state' | 'reset', string, string | null]
  | [typeof STATUS, State, number | null, number]
  | [typeof DISCONNECTED, string]
  | [typeof MAX_ATTEMPTS];

/** `[id, frame, code of the refusal]`. */
export type StoredEntry = [string, ClientFrame, string | null];

export function toStatus(event: StatusEvent): ConnectionStatus {
  const [, state, nextRetryAt, attempts, online, transport, closedBy, persistence] = event;
  return Object.freeze({ state, nextRetryAt, attempts, online, transport, closedBy, persistence });
}

export const IDLE: ConnectionStatus = Object.freeze({
  state: 'idle',
  nextRetryAt: null,
  attempts: 0,
  online: true,
  transport: 'websocket',
  closedBy: null,
  persistence: true,
});
