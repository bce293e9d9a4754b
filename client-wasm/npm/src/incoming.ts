/** What the core tells, as events by name and as changes of rooms and lists. */
import { DISCONNECTED, FRAME, GAP, MALFORMED, MAX_ATTEMPTS, ROOM, SENT, STATUS, toStatus } from './core-events.js';
import type { CoreEvent } from './core-events.js';
import type { Core } from './core.js';
import { TOLD_OTHERWISE, eventOf } from './dispatch.js';
import type { Emitter } from './emitter.js';
import { TidingsError, type TidingsErrorCode } from './errors.js';
import type { ClientEvents, ConnectionStatus } from './events.js';
import type { ErrorMessage, ServerFrame } from './generated/protocol.js';
import type { Room } from './room.js';
import type { RoomList } from './rooms.js';
import type { Sends } from './sends.js';
import type { Value } from './store.js';

/** Where it all goes. */
export interface IncomingContext {
  readonly status: Value<ConnectionStatus>;
  readonly rooms: ReadonlyMap<string, Room>;
  readonly list: RoomList;
  readonly sends: Sends;
  /** Whose events they are. */
  readonly to: Emitter<ClientEvents>;
}

/** Takes what the core tells. */
export class Incoming {
  readonly #context: IncomingContext;
  /** The server's time, as far as it is known. */
  serverTime = '';

  constructor(context: IncomingContext) {
    this.#context = context;
  }

  events(batch: CoreEvent[], core: Core): void {
    for (const event of batch) this.#event(event, core);
    this.flush();
  }

  /** Shows what changed in rooms. */
  flush(): void {
    for (const room of this.#context.rooms.values()) room.flush();
  }

  #event(event: CoreEvent, core: Core): void {
    const { to, rooms, list, sends, status } = this.#context;
    switch (event[0]) {
      case STATUS: {
        const before = status.get().state;
        status.set(toStatus(event));
        const { state, closedBy } = status.get();
        to.emit('stateChange', status.get());
        if (state === 'connected') for (const room of rooms.values()) room.refresh();
        // The socket's own end is told by its close frame; this one was closed from here.
        if (before === 'connected' && state === 'closed' && closedBy === 'client') {
          to.emit('disconnected', { code: 1000, reason: 'Client disconnecting' });
        }
        break;
      }
      case DISCONNECTED:
        to.emit('disconnected', { code: event[1] ?? undefined, reason: event[2] });
        break;
      case MAX_ATTEMPTS:
        to.emit('maxReconnectAttemptsReached');
        break;
      case FRAME:
        this.#frame(event[1]);
        break;
      case SENT:
        sends.sent(event, core);
        break;
      case ROOM:
        if (event[2] !== 'joined') rooms.get(event[1])?.out();
        if (event[2] === 'refused') {
          const code = (event[3] ?? 'FORBIDDEN') as TidingsErrorCode;
          to.emit('roomRefused', { roomId: event[1], error: new TidingsError(code, 'The room cannot be joined.') });
        }
        break;
      case GAP: {
        const [, roomId, from, end, reason] = event;
        // Direct rooms share one inbox; which rooms these are is not always known.
        for (const room of rooms.values()) if (roomId === null || roomId === room.id) room.gap();
        list.gap();
        to.emit('gap', { roomId, from, to: end, reason });
        break;
      }
      case MALFORMED:
        to.emit('error', new TidingsError('BAD_RESPONSE', 'The server sent something that is no frame.'));
        break;
      default:
    }
  }

  #frame(frame: ServerFrame): void {
    const { to, list, rooms } = this.#context;
    const kind = `${frame.category}/${frame.type}`;
    this.serverTime = frame.timestamp;
    to.emit('frame', frame);
    list.frame(frame);
    const { roomId } = frame.data as { roomId?: string };
    if (frame.type === 'PRESENCE') for (const room of rooms.values()) room.frame(frame);
    else if (roomId !== undefined) rooms.get(roomId)?.frame(frame);
    const name = eventOf(frame.category, frame.type);
    if (kind === 'ERROR/MESSAGE') this.#refused(frame.data as ErrorMessage);
    else if (name) to.emit(name, frame.data as never);
    else if (frame.category === 'SYSTEM' && !TOLD_OTHERWISE.includes(kind)) {
      to.emit('systemMessage', { type: frame.type, data: frame.data });
    }
    if (kind === 'SYSTEM/CONNECTION_ESTABLISHED') to.emit('connected', frame.data as never);
  }

  #refused(data: ErrorMessage): void {
    const error = new TidingsError(data.code, data.error, { retryAfterMs: data.retryAfterMs });
    const { roomId, id } = data;
    this.#context.to.emit('error', Object.assign(error, { error: data.error }, roomId && { roomId }, id && { id }));
  }
}
