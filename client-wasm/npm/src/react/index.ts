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

import {
  ChatWebSocketClient,
  NotificationSSEClient,
  type ChatMessage,
  type ConnectionStatus,
  type Message,
  type Notification,
  type NotificationFilter,
  type Person,
  type RoomInfo,
  type Sending,
  type Store,
  type TidingsClient,
} from '../index.js';

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

/** What {@link useChatWebSocket} gives. */
export interface UseChatWebSocket {
  /** Whether the connection stands. */
  isConnected: boolean;
  /** The messages since the room was joined. */
  messages: Message[];
  /** Ids of the users who type. */
  typingUsers: string[];
  /** Ids of the users in the room. */
  roomParticipants: string[];
  /** What went wrong last; `null` while the connection stands. */
  error: string | null;
  /** Joins a room, in place of the one before. */
  joinRoom: (roomId: string) => void;
  /** Leaves the room. */
  leaveRoom: () => void;
  /** Sends a message to the room. */
  sendMessage: (content: string) => void;
  /** Says that the user types in the room, or has stopped. */
  sendTypingIndicator: (isTyping: boolean) => void;
}

/**
 * One room over a connection of the component's own, for code that was written against a bare WebSocket.
 *
 * @param serverUrl the server: `ws://localhost:8080`
 * @param token the user's token; nothing is connected without one
 */
export function useChatWebSocket(serverUrl: string, token: string | null | undefined): UseChatWebSocket {
  const [isConnected, setConnected] = useState(false);
  const [messages, setMessages] = useState<Message[]>([]);
  const [typingUsers, setTyping] = useState<string[]>([]);
  const [roomParticipants, setParticipants] = useState<string[]>([]);
  const [error, setError] = useState<string | null>(null);
  const client = useRef<ChatWebSocketClient | null>(null);
  const room = useRef<string | null>(null);

  useEffect(() => {
    if (!token) return;
    const chat = new ChatWebSocketClient(serverUrl, token);
    client.current = chat;
    const here = (roomId: string) => roomId === room.current;
    const without = (id: string) => (ids: string[]) => ids.filter((one) => one !== id);
    const withOne = (id: string) => (ids: string[]) => [...ids.filter((one) => one !== id), id];
    chat.on('connected', () => {
      setConnected(true);
      setError(null);
    });
    chat.on('disconnected', () => setConnected(false));
    chat.on('error', (problem: { error?: string }) => setError(problem.error ?? 'WebSocket error occurred'));
    chat.on('chatMessage', (message: Message) => {
      if (here(message.roomId)) setMessages((before) => [...before, message]);
    });
    chat.on('typingIndicator', ({ userId, isTyping, roomId }) => {
      if (here(roomId)) setTyping(isTyping ? withOne(userId) : without(userId));
    });
    chat.on('roomParticipants', ({ roomId, participants }) => {
      if (here(roomId)) setParticipants(participants);
    });
    chat.on('userJoined', ({ roomId, userId }) => {
      if (here(roomId)) setParticipants(withOne(userId));
    });
    chat.on('userLeft', ({ roomId, userId }) => {
      if (here(roomId)) setParticipants(without(userId));
    });
    if (room.current) chat.joinRoom(room.current);
    let isMounted = true;
    chat.connect().catch(() => {
      if (isMounted) setError('Failed to connect to chat server');
    });
    return () => {
      isMounted = false;
      chat.disconnect();
      client.current = null;
    };
  }, [serverUrl, token]);

  const joinRoom = useCallback((roomId: string) => {
    room.current = roomId;
    setMessages([]);
    setTyping([]);
    client.current?.joinRoom(roomId);
  }, []);
  const leaveRoom = useCallback(() => {
    if (room.current) client.current?.leaveRoom(room.current);
    room.current = null;
    setMessages([]);
    setTyping([]);
    setParticipants([]);
  }, []);
  const sendMessage = useCallback((content: string) => {
    if (room.current) client.current?.sendChatMessage(room.current, content);
  }, []);
  const sendTypingIndicator = useCallback((isTyping: boolean) => {
    if (room.current) client.current?.sendTypingIndicator(room.current, isTyping);
  }, []);
  return {
    isConnected,
    messages,
    typingUsers,
    roomParticipants,
    error,
    joinRoom,
    leaveRoom,
    sendMessage,
    sendTypingIndicator,
  };
}

/** What {@link useNotificationSSE} gives. */
export interface UseNotificationSSE {
  /** The newest notifications, at most 100. */
  notifications: Notification[];
  /** How many of them are unread. */
  unreadCount: number;
  /** Whether the stream stands. */
  isConnected: boolean;
  /** What went wrong last; `null` while the stream stands. */
  error: string | null;
  /** Marks one as read, on the server too. */
  markAsRead: (notificationId: string) => void;
  /** Empties the list that is shown. */
  clearNotifications: () => void;
}

/**
 * Notifications over a stream of the component's own, for code that was written against a bare EventSource. It does
 * not ask for leave to show notifications of the browser: do that after a click.
 *
 * @param baseUrl the server: `http://localhost:8080`
 * @param userId the user
 * @param token the user's token; nothing is connected without one
 */
export function useNotificationSSE(
  baseUrl: string,
  userId: string | null | undefined,
  token: string | null | undefined,
): UseNotificationSSE {
  const [notifications, setNotifications] = useState<Notification[]>([]);
  const [isConnected, setConnected] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const client = useRef<NotificationSSEClient | null>(null);

  useEffect(() => {
    if (!userId || !token) return;
    const stream = new NotificationSSEClient(baseUrl, userId, token);
    client.current = stream;
    stream.on('connected', () => {
      setConnected(true);
      setError(null);
    });
    stream.on('disconnected', () => setConnected(false));
    stream.on('error', () => {
      setError('Failed to connect to notification service');
      setConnected(false);
    });
    stream.on('notification', (notification: Notification) =>
      setNotifications((before) => [notification, ...before].slice(0, 100)),
    );
    stream.on('maxReconnectAttemptsReached', () => setError('Connection lost. Please refresh the page.'));
    stream.connect();
    return () => {
      stream.disconnect();
      client.current = null;
    };
  }, [baseUrl, userId, token]);

  const markAsRead = useCallback((notificationId: string) => {
    setNotifications((before) => before.map((one) => (one.id === notificationId ? { ...one, read: true } : one)));
    client.current?.client.markRead(notificationId).catch((cause: unknown) => setError(String(cause)));
  }, []);
  const clearNotifications = useCallback(() => setNotifications([]), []);
  const unreadCount = notifications.filter((one) => !one.read).length;
  return { notifications, unreadCount, isConnected, error, markAsRead, clearNotifications };
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
