/** A drop-in for hand-written notification clients over a bare EventSource: their methods, events and state. */
import { Emitter } from '../emitter.js';
import { TidingsError } from '../errors.js';
import { BaseNotificationClient, notificationConnection } from '../notifications.js';
import type { Broadcast, Notification as Notice } from '../generated/protocol.js';
import type { WasmLoader } from '../wasm.js';
import type { AnyEvents } from './events.js';

/** What `getConnectionState()` gives. */
export interface NotificationConnectionState {
  /** As of an EventSource: 0 connecting, 1 open, 2 closed; `undefined` before the first `connect()`. */
  readyState: number | undefined;
  /** The stream's address, without the ticket; `undefined` before the first `connect()`. */
  url: string | undefined;
  /** Attempts since a stream last stood. */
  reconnectAttempts: number;
  /** The position after the last event; `null` where there is none. */
  lastEventId: string | null;
}

/** The drop-in notification client, without the way to its module: see `NotificationSSEClient`. */
export class BaseNotificationSSEClient extends Emitter<AnyEvents> {
  /** The server's address. */
  readonly baseUrl: string;
  /** The user. */
  readonly userId: string;
  /** The user's token. */
  readonly token: string;
  /** The client that this one stands on. */
  readonly client: BaseNotificationClient;

  /** @internal */
  constructor(baseUrl: string, userId: string, token: string, loader: WasmLoader) {
    super();
    this.baseUrl = baseUrl;
    this.userId = userId;
    this.token = token;
    this.client = new BaseNotificationClient(notificationConnection(loader, { url: baseUrl, userId, token }));
    this.client.on('connected', (data) => this.emit('connected', data));
    this.client.on('disconnected', (data) => this.emit('disconnected', data));
    this.client.on('message', (event) => this.handleMessage(event));
    this.client.on('notification', (notification) => this.handleNotification(notification));
    this.client.on('broadcast', (broadcast) => this.handleBroadcast(broadcast));
    this.client.on('error', (error) => this.emit('error', error));
    this.client.on('maxReconnectAttemptsReached', () => this.emit('maxReconnectAttemptsReached'));
  }

  /** The position after the last event. */
  get lastEventId(): string | null {
    return this.client.lastEventId;
  }

  /** Attempts since a stream last stood. */
  get reconnectAttempts(): number {
    return this.client.status.get().attempts;
  }

  /** Opens the stream, and keeps it open until {@link disconnect}. How that goes is told by events. */
  connect(): void {
    this.client.connect().catch((error: unknown) => {
      // Closed by one's own call is no error.
      if (!(error instanceof TidingsError && error.code === 'CLOSED')) this.emit('error', error);
    });
  }

  /** Closes the stream. Its position is kept. */
  disconnect(): void {
    this.client.close();
  }

  /** Tells any event of the stream. @param event its type, its JSON text and its position */
  handleMessage(event: { type: string; data: string; lastEventId: string }): void {
    this.emit('message', event);
  }

  /** Tells a notification, and shows it where the user has allowed that. @param notification the notification */
  handleNotification(notification: Notice): void {
    this.emit('notification', notification);
    this.showBrowserNotification(notification);
  }

  /** Tells a broadcast. @param broadcast the broadcast */
  handleBroadcast(broadcast: Broadcast): void {
    this.emit('broadcast', broadcast);
  }

  /** Shows a notification of the browser, where the user has allowed that. @param notification the notification */
  showBrowserNotification(notification: Notice): void {
    if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
    new Notification(notification.title, { body: notification.message, tag: notification.id });
  }

  /** Attempts to connect now in place of waiting. */
  attemptReconnect(): void {
    this.client.reconnectNow();
  }

  /** Where the stream stands. */
  getConnectionState(): NotificationConnectionState {
    const { state, attempts } = this.client.status.get();
    const readyState = { idle: undefined, connecting: 0, connected: 1, reconnecting: 0, closed: 2 }[state];
    const url = `${this.baseUrl}/api/v1/notifications/stream/${encodeURIComponent(this.userId)}`;
    return {
      readyState,
      url: state === 'idle' ? undefined : url,
      reconnectAttempts: attempts,
      lastEventId: this.lastEventId,
    };
  }
}
