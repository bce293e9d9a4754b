/** Composables for Vue 3. */
import { computed, inject, onScopeDispose, shallowRef, watch, type App, type InjectionKey, type ShallowRef } from 'vue';

import type { NotificationFilter, Store, TidingsClient } from '../index.js';

const KEY: InjectionKey<TidingsClient> = Symbol('tidings');

/**
 * Gives a client to the composables of an app, and connects it.
 *
 * @example
 * ```ts
 * createApp(App).use(tidings(new TidingsClient({ url, getToken }))).mount('#app');
 * ```
 */
export function tidings(client: TidingsClient): { install(app: App): void } {
  return {
    install(app) {
      app.provide(KEY, client);
      // How that goes is told by the client's state and events.
      if (typeof window !== 'undefined') client.connect().catch(() => undefined);
    },
  };
}

/** The client that {@link tidings} gave. */
export function useTidings(): TidingsClient {
  const client = inject(KEY);
  if (!client) throw new Error('useTidings needs app.use(tidings(client))');
  return client;
}

/** Where the connection stands, and `reconnectNow`. */
export function useConnection() {
  const client = useTidings();
  return { status: useStore(client.status), reconnectNow: () => client.reconnectNow() };
}

/** The user's rooms, with last message and unread count. They are loaded when the connection stands. */
export function useRooms() {
  const client = useTidings();
  const status = useStore(client.status);
  const reload = () => client.rooms.load();
  watch(
    () => status.value.state,
    (state) => {
      if (state === 'connected') reload().catch(() => undefined);
    },
    { immediate: true },
  );
  return { rooms: useStore(client.rooms.list), unread: useStore(client.rooms.unread), reload };
}

/** A room: joined when first used, and kept up to date. @param roomId the room */
export function useRoom(roomId: string) {
  const client = useTidings();
  const room = client.room(roomId);
  room.open();
  return {
    messages: useStore(room.messages),
    members: useStore(room.members),
    typing: useStore(room.typing),
    hasMore: useStore(room.hasMore),
    send: (content: string, options?: { replyTo?: string }) => room.send(content, options),
    retry: (key: string) => client.retry(key),
    revise: (key: string, content: string) => client.revise(key, content),
    cancel: (key: string) => client.cancel(key),
    setTyping: (isTyping: boolean) => client.sendTypingIndicator(roomId, isTyping),
    loadOlder: () => room.loadOlder(),
    markRead: (seq?: number) => room.markRead(seq),
  };
}

/** The user's notifications. Their stream is opened when this is first used. @param options `filter`: which to show */
export function useNotifications(options: { filter?: NotificationFilter } = {}) {
  const { notifications: client } = useTidings();
  const unread = options.filter?.unread ?? false;
  const list = useStore(client.list);
  const status = useStore(client.status);
  client.connect().catch(() => undefined);
  return {
    notifications: computed(() => (unread ? list.value.filter((one) => !one.read) : list.value)),
    unreadCount: useStore(client.unreadCount),
    hasMore: useStore(client.hasMore),
    isConnected: computed(() => status.value.state === 'connected'),
    loadMore: () => client.loadMore({ unread }),
    markAsRead: (id: string) => client.markRead(id),
    markAllRead: () => client.markAllRead(),
    clear: () => client.clear(),
  };
}

function useStore<T>(store: Store<T>): ShallowRef<T> {
  const value = shallowRef(store.get()) as ShallowRef<T>;
  onScopeDispose(store.subscribe((next) => (value.value = next)));
  return value;
}
