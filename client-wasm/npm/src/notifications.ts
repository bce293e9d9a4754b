/** Notifications: the stream, and the list with its read state. */
import { STREAM_CLOSE, STREAM_CONNECT, STREAM_CURSOR, STREAM_RECONNECT, ask } from './commands.js';
import { Connection, type ConnectionOptions, type Method } from './connection.js';
import { DISCONNECTED, IDLE, MAX_ATTEMPTS, STATUS, type StreamEvent } from './core-events.js';
import { Early } from './early.js';
import { Emitter } from './emitter.js';
import { TidingsError } from './errors.js';
import type { ConnectionStatus } from './events.js';
import type {
  Broadcast,
  Notification,
  NotificationPage,
  NotificationState,
  StreamConnected,
  StreamReset,
} from './generated/protocol.js';
import { Value, connected, type Store } from './store.js';
import type { WasmLoader } from './wasm.js';

/** The events of a {@link NotificationClient}. */
export interface NotificationEvents {
  /** The stream stands. */
  connected: StreamConnected;
  /** The stream was lost, or could not be opened. */
  disconnected: { readonly reason: string };
  /** The state of the stream changed. */
  stateChange: NotificationStatus;
  /** A notification to this user, once. */
  notification: Notification;
  /** A broadcast to everybody, once. */
  broadcast: Broadcast;
  /** The read state changed, here or on another device. */
  state: NotificationState;
  /** The position could not be used: what was not handed out yet comes next. */
  reset: StreamReset;
  /** Any event of the stream, before the one that belongs to it. */
  message: { readonly type: string; readonly data: string; readonly lastEventId: string };
  /** Something went wrong here. */
  error: TidingsError;
  /** `maxAttempts` is used up; the client is closed. */
  maxReconnectAttemptsReached: undefined;
}

/** The stream as an app shows it. */
export type NotificationStatus = Pick<ConnectionStatus, 'state' | 'nextRetryAt' | 'attempts'>;

/** Options of a list. */
export interface NotificationFilter {
  /** Only what is unread. */
  unread?: boolean;
}

/** A page that did not come for now is asked for again after this time, where the server names none. */
const RETRY_MS = 5_000;
/** Notifications on one page. */
const PAGE = 50;
/** Ids that are remembered, so that what comes twice is told once. */
const REMEMBERED = 1_000;
/** Most notifications that are kept in memory. Older ones can be loaded again. */
const MAX_KEPT = 2_000;

/** A notification client, without the way to its module: see `NotificationClient`. */
export class BaseNotificationClient extends Emitter<NotificationEvents> {
  readonly #connection: Connection;
  readonly #list = new Value<readonly Notification[]>([]);
  readonly #unread = new Value(0);
  readonly #hasMore = new Value(true);
  readonly #status = new Value<NotificationStatus>(IDLE);
  readonly #seen = new Set<string>();
  readonly #early = new Early<Notification | NotificationState>();
  /** The newest one that the server's last count holds; behind every id while that is not known. */
  #counted = '';
  #starting: Promise<void> | undefined;
  #closed = false;

  /** @internal */
  constructor(connection: Connection) {
    super();
    this.#connection = connection;
    connection.onNotified = (event) => this.#event(event);
  }

  /** The user's notifications, newest first; each page of {@link loadMore} adds older ones. */
  get list(): Store<readonly Notification[]> {
    return this.#list;
  }

  /** How many of all the user's notifications are unread. */
  get unreadCount(): Store<number> {
    return this.#unread;
  }

  /** Whether there are older ones to load. */
  get hasMore(): Store<boolean> {
    return this.#hasMore;
  }

  /** The state of the stream. */
  get status(): Store<NotificationStatus> {
    return this.#status;
  }

  /** The position after the last event, in this page load or an earlier one; `null` where there is none. */
  get lastEventId(): string | null {
    return ask<string>(this.#connection.core, STREAM_CURSOR) ?? null;
  }

  /**
   * Opens the stream and keeps it open, and loads the newest page of the list. Resolves when the stream stands; rejects
   * with a {@link TidingsError} when the client is closed before that.
   */
  async connect(): Promise<void> {
    this.#closed = false;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Attempts to connect now in place of waiting. */
  reconnectNow(): void {
    ask(this.#connection.core, STREAM_RECONNECT);
  }

  /** Closes the stream. Its position is kept for the next {@link connect}. */
  close(): void {
    this.#closed = true;
    ask(this.#connection.core, STREAM_CLOSE);
  }

  /** Closes the stream, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /**
   * Loads a page of older notifications; the first call loads the newest.
   *
   * @param filter `unread: true` leaves out those that are read
   */
  async loadMore(filter: NotificationFilter = {}): Promise<void> {
    const before = this.#list.get().at(-1)?.id;
    const older = before === undefined ? '' : `&before=${encodeURIComponent(before)}`;
    const query = `?limit=${PAGE}${filter.unread ? '&unread=true' : ''}${older}`;
    await this.#page(query, before === undefined && !filter.unread);
  }

  /** Marks one as read, here and on the user's other devices. @param id the notification's id */
  async markRead(id: string): Promise<void> {
    await this.#change('POST', `/${encodeURIComponent(id)}/read`, { read: true }, id);
  }

  /** Marks all as read, here and on the user's other devices. */
  async markAllRead(): Promise<void> {
    await this.#change('POST', '/read-all', { read: true });
  }

  /** Deletes one, here and on the user's other devices. @param id the notification's id */
  async delete(id: string): Promise<void> {
    await this.#change('DELETE', `/${encodeURIComponent(id)}`, { deleted: true }, id);
  }

  /** Deletes all, here and on the user's other devices. */
  async clear(): Promise<void> {
    await this.#change('DELETE', '', { deleted: true });
  }

  /** Changes one, or all that there are: what comes before the answer may be newer, and is left alone. */
  async #change(method: Method, rest: string, change: Partial<NotificationState>, id?: string): Promise<void> {
    const ids = id === undefined ? this.#list.get().map((one) => one.id) : [id];
    await this.#request(method, rest);
    // What is not in the list is unread no more either; where the stream stands, it tells how many are.
    const isAll = id === undefined && this.#status.get().state !== 'connected';
    this.#apply({ ...change, ids, unreadCount: isAll ? 0 : this.#unread.get() - this.#unreadAmong(ids) });
  }

  #request<T>(method: Method, rest: string): Promise<T> {
    return this.#connection.request(method, `/api/v1/notifications${rest}`);
  }

  async #start(): Promise<void> {
    const core = await this.#connection.load();
    // Closed while the module was loading.
    if (this.#closed) throw new TidingsError('CLOSED', 'The client was closed.');
    const { state } = this.#status.get();
    if (state === 'connected') return;
    const settled = connected(this.#status, () => {
      return new TidingsError('CLOSED', 'The client was closed before the stream stood.');
    });
    ask(core, STREAM_CONNECT);
    await settled;
  }

  #event(event: StreamEvent): void {
    switch (event[0]) {
      case STATUS:
        this.#status.set(Object.freeze({ state: event[1], nextRetryAt: event[2], attempts: event[3] }));
        this.emit('stateChange', this.#status.get());
        break;
      case DISCONNECTED:
        this.emit('disconnected', { reason: event[1] });
        break;
      case MAX_ATTEMPTS:
        this.emit('maxReconnectAttemptsReached');
        break;
      default:
        this.#message(...event);
    }
  }

  #message(type: string, text: string, cursor: string | null): void {
    this.emit('message', { type, data: text, lastEventId: cursor ?? '' });
    const data: unknown = JSON.parse(text);
    switch (type) {
      case 'connected':
        this.#unread.set((data as StreamConnected).unreadCount);
        this.emit('connected', data as StreamConnected);
        this.#refresh();
        break;
      case 'notification': {
        const notification = data as Notification;
        if (this.#isRepeated(notification.id)) break;
        this.#early.note(notification);
        this.#arrived(notification);
        this.emit('notification', notification);
        break;
      }
      case 'broadcast': {
        const broadcast = data as Broadcast;
        if (!this.#isRepeated(broadcast.id)) this.emit('broadcast', broadcast);
        break;
      }
      case 'state':
        this.#apply(data as NotificationState);
        this.emit('state', data as NotificationState);
        break;
      case 'reset':
        this.emit('reset', data as StreamReset);
        break;
      default:
    }
  }

  /** What happened to the list while there was no stream is in its newest page. */
  #refresh(): void {
    if (this.#closed) return;
    // The count that came with `connected` holds what was missed and is told again by and by.
    this.#counted = '~';
    this.#page(`?limit=${PAGE}`, true).catch((error: TidingsError) => {
      this.#counted = this.#list.get()[0]?.id ?? '';
      if (error.retryable) setTimeout(() => this.#refresh(), error.retryAfterMs ?? RETRY_MS);
      this.emit('error', error);
    });
  }

  async #page(query: string, isNewest: boolean): Promise<void> {
    const again = await this.#early.during(async (since) => {
      const page = await this.#request<NotificationPage>('GET', query);
      return isNewest ? this.#newest(page, since()) : this.#older(page, since());
    });
    if (again) await this.#page(query, isNewest);
  }

  /** The newest page. True where another one must tell the count, since read states changed meanwhile. */
  #newest(page: NotificationPage, changes: (Notification | NotificationState)[]): boolean {
    const ids = new Set(page.notifications.map((one) => one.id));
    // It was read behind everything up to the last arrival that is on it.
    const later = changes.slice(changes.findLastIndex((one) => 'id' in one && ids.has(one.id)) + 1);
    const last = page.notifications.at(-1)?.id ?? '';
    // What would be on the page and is not was deleted.
    this.#list.set(this.#list.get().filter((one) => ids.has(one.id) || (page.hasMore && one.id < last)));
    const isWhole = this.#list.get().every((one) => ids.has(one.id));
    this.#add(page.notifications);
    this.#unread.set(page.unreadCount);
    this.#counted = page.notifications[0]?.id ?? '';
    if (isWhole) this.#hasMore.set(page.hasMore);
    for (const one of later) if ('id' in one) this.#arrived(one);
    this.#remark(later);
    return changes.some((one) => 'unreadCount' in one);
  }

  #older(page: NotificationPage, changes: (Notification | NotificationState)[]): boolean {
    this.#add(page.notifications);
    this.#hasMore.set(page.hasMore);
    this.#remark(changes);
    return false;
  }

  /** Read states that a page may not show. */
  #remark(changes: (Notification | NotificationState)[]): void {
    for (const one of changes) if ('unreadCount' in one) this.#list.set(marked(this.#list.get(), one));
  }

  #arrived(notification: Notification): void {
    const { id, read } = notification;
    // What is replayed is in the count already.
    if (!read && id > this.#counted && !this.#list.get().some((one) => one.id === id)) {
      this.#unread.set(this.#unread.get() + 1);
    }
    this.#add([notification]);
  }

  #add(notifications: readonly Notification[]): void {
    const byId = new Map(this.#list.get().map((one) => [one.id, one]));
    for (const one of notifications) byId.set(one.id, Object.freeze(one));
    // The ids are UUIDv7: they sort by time.
    const sorted = [...byId.values()].sort((one, other) => (one.id < other.id ? 1 : -1));
    if (sorted.length > MAX_KEPT) {
      sorted.length = MAX_KEPT;
      this.#hasMore.set(true);
    }
    this.#list.set(Object.freeze(sorted));
  }

  #apply(state: NotificationState): void {
    this.#early.note(state);
    this.#list.set(marked(this.#list.get(), state));
    this.#unread.set(Math.max(0, state.unreadCount));
  }

  #unreadAmong(ids: readonly string[]): number {
    return this.#list.get().filter((one) => ids.includes(one.id) && !one.read).length;
  }

  #isRepeated(id: string): boolean {
    if (this.#seen.has(id)) return true;
    this.#seen.add(id);
    const [oldest = ''] = this.#seen;
    if (this.#seen.size > REMEMBERED) this.#seen.delete(oldest);
    return false;
  }
}

function marked(
  list: readonly Notification[],
  { ids, all, read, deleted }: NotificationState,
): readonly Notification[] {
  const isMeant = (one: Notification) => all === true || (ids ?? []).includes(one.id);
  const left = deleted ? list.filter((one) => !isMeant(one)) : list;
  return Object.freeze(left.map((one) => (read !== undefined && isMeant(one) && one.read !== read ? { ...one, read } : one)));
}

/** @internal */
export function notificationConnection(loader: WasmLoader, options: ConnectionOptions): Connection {
  return new Connection(loader, options, { notifications: false }, () => undefined, () => undefined);
}
