/** Hooks for React 18 and later. */
import {
  createContext,
  createElement,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from 'react';

import type {
  ChatMessage,
  ConnectionStatus,
  Message,
  Notification,
  NotificationFilter,
  Person,
  RoomInfo,
  Sending,
  Store,
  TidingsClient,
} from '../index.js';

export * from './drop-in.js';

const ClientContext = createContext<TidingsClient | undefined>(undefined);

/**
 * Gives a client to the hooks below it, and connects it. Under StrictMode, which mounts twice, there is one connection
 * all the same. The client is not closed on unmount: it is yours.
 *
 * @example
 * ```tsx
 * const client = new TidingsClient({ url, getToken });
 * createRoot(root).render(<TidingsProvider client={client}><App /></TidingsProvider>);
 * ```
 */
export function TidingsProvider({ client, children }: { client: TidingsClient; children?: ReactNode }): ReactNode {
  useEffect(() => {
    // How that goes is told by the client's state and events.
    client.connect().catch(() => undefined);
  }, [client]);
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the {@link TidingsProvider} above. */
export function useTidings(): TidingsClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('useTidings needs a <TidingsProvider> above it');
  return client;
}

/** Where the connection stands, and `reconnectNow`. */
export function useConnection(): ConnectionStatus & { reconnectNow: () => void } {
  const client = useTidings();
  const status = useStore(client.status);
  const reconnectNow = useCallback(() => client.reconnectNow(), [client]);
  return useMemo(() => ({ ...status, reconnectNow }), [status, reconnectNow]);
}

/** The user's rooms, with last message and unread count. They are loaded when the connection stands. */
export function useRooms(): { rooms: readonly RoomInfo[]; unread: number; reload: () => Promise<void> } {
  const client = useTidings();
  const rooms = useStore(client.rooms.list);
  const unread = useStore(client.rooms.unread);
  const { state } = useStore(client.status);
  const reload = useCallback(() => client.rooms.load(), [client]);
  useEffect(() => {
    if (state === 'connected') reload().catch(() => undefined);
  }, [state, reload]);
  return { rooms, unread, reload };
}

/** What {@link useRoom} gives. */
export interface UseRoom {
  /** The messages, oldest first, with those on their way at the end. `key` is a stable React key. */
  messages: readonly ChatMessage[];
  /** The people in the room now. */
  members: readonly Person[];
  /** Ids of the users who type. */
  typing: readonly string[];
  /** The typers in a sentence: "ann is typing…"; empty when nobody types. */
  typingText: string;
  /** Whether there is older history. */
  hasMore: boolean;
  /** Key of the first message that this user had not read when the room was opened; `undefined` where all was read. */
  firstUnreadId: string | undefined;
  /** Sends a message. */
  send: (content: string, options?: { replyTo?: string }) => Sending<Message>;
  /** Sends a refused message again. @param key the message's `key` */
  retry: (key: string) => void;
  /** Replaces the text of a message that was refused or never sent, and sends it. */
  revise: (key: string, content: string) => void;
  /** Drops a message that was refused or never sent. */
  cancel: (key: string) => void;
  /** Says that the user types, or has stopped. */
  setTyping: (isTyping: boolean) => void;
  /** Loads one more page of history. */
  loadOlder: () => Promise<void>;
  /** Moves the read marker to the newest message, or to `seq`. */
  markRead: (seq?: number) => void;
}

/** A room: joined when first used, and kept up to date. @param roomId the room */
export function useRoom(roomId: string): UseRoom {
  const client = useTidings();
  const room = useMemo(() => client.room(roomId), [client, roomId]);
  useEffect(() => room.open(), [room]);
  const messages = useStore(room.messages);
  const typing = useStore(room.typing);
  const readSeq = useRef<{ roomId: string; seq: number | undefined }>(undefined);
  const rooms = useStore(client.rooms.list);
  if (readSeq.current?.roomId !== roomId || readSeq.current.seq === undefined) {
    readSeq.current = { roomId, seq: rooms.find((one) => one.roomId === roomId)?.readSeq };
  }
  const upTo = readSeq.current.seq;
  const firstUnread = messages.find(
    (one) => upTo !== undefined && one.seq !== null && one.seq > upTo && one.senderId !== client.userId,
  );
  const actions = useMemo(
    () => ({
      send: (content: string, options?: { replyTo?: string }) => room.send(content, options),
      retry: (key: string) => client.retry(key),
      revise: (key: string, content: string) => client.revise(key, content),
      cancel: (key: string) => client.cancel(key),
      setTyping: (isTyping: boolean) => client.sendTypingIndicator(roomId, isTyping),
      loadOlder: () => room.loadOlder(),
      markRead: (seq?: number) => room.markRead(seq),
    }),
    [client, room, roomId],
  );
  return {
    messages,
    members: useStore(room.members),
    typing,
    typingText: sentence(typing),
    hasMore: useStore(room.hasMore),
    firstUnreadId: firstUnread?.key,
    ...actions,
  };
}

/** What {@link useNotifications} gives. */
export interface UseNotifications {
  /** The notifications, newest first. */
  notifications: readonly Notification[];
  /** How many of all the user's are unread. */
  unreadCount: number;
  /** Whether there are older ones. */
  hasMore: boolean;
  /** Whether the stream stands. */
  isConnected: boolean;
  /** What went wrong last; `null` while the stream stands. */
  error: Error | null;
  /** Loads a page of older ones. */
  loadMore: () => Promise<void>;
  /** Marks one as read. */
  markAsRead: (id: string) => Promise<void>;
  /** Marks all as read. */
  markAllRead: () => Promise<void>;
  /** Deletes all. */
  clear: () => Promise<void>;
}

/** The user's notifications. Their stream is opened when this is first used. @param options `filter`: which to show */
export function useNotifications(options: { filter?: NotificationFilter } = {}): UseNotifications {
  const unread = options.filter?.unread ?? false;
  const { notifications: client } = useTidings();
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    client.connect().catch((cause: unknown) => setError(cause as Error));
    const disposers = [client.on('error', setError), client.on('connected', () => setError(null))];
    return () => disposers.forEach((dispose) => dispose());
  }, [client]);
  const list = useStore(client.list);
  const notifications = useMemo(() => (unread ? list.filter((one) => !one.read) : list), [list, unread]);
  const actions = useMemo(
    () => ({
      loadMore: () => client.loadMore({ unread }),
      markAsRead: (id: string) => client.markRead(id),
      markAllRead: () => client.markAllRead(),
      clear: () => client.clear(),
    }),
    [client, unread],
  );
  return {
    notifications,
    unreadCount: useStore(client.unreadCount),
    hasMore: useStore(client.hasMore),
    isConnected: useStore(client.status).state === 'connected',
    error,
    ...actions,
  };
}

/** A store's value. On a server it is the value that the store begins with. */
function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}

function sentence(typing: readonly string[]): string {
  if (typing.length === 0) return '';
  if (typing.length > 3) return 'Several people are typing…';
  return `${typing.join(', ')} ${typing.length === 1 ? 'is' : 'are'} typing…`;
}
