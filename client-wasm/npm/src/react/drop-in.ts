/** Hooks in the shape of hand-written ones, over the drop-in classes. */
import { useCallback, useEffect, useRef, useState } from 'react';

import { ChatWebSocketClient, NotificationSSEClient, type Message, type Notification } from '../index.js';

/** Most messages that {@link useChatWebSocket} keeps. */
const MAX_MESSAGES = 1_000;

/** What {@link useChatWebSocket} gives. */
export interface UseChatWebSocket {
  /** Whether the connection stands. */
  isConnected: boolean;
  /** The messages since the room was joined, at most the newest 1,000. */
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
  // Up to where the room is shown: where a client with another token goes on.
  const shown = useRef<{ serverUrl: string; seq?: number | undefined }>({ serverUrl });

  useEffect(() => {
    if (!token) return;
    const chat = new ChatWebSocketClient(serverUrl, token);
    client.current = chat;
    // Another server has other logs.
    if (shown.current.serverUrl !== serverUrl) {
      shown.current = { serverUrl };
      setMessages([]);
    }
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
      if (!here(message.roomId)) return;
      shown.current.seq = message.seq;
      setMessages((before) => {
        const isKnown = before.some((one) => one.messageId === message.messageId);
        return isKnown ? before : [...before, message].slice(-MAX_MESSAGES);
      });
    });
    chat.on('typingIndicator', ({ userId, isTyping, roomId }) => {
      if (here(roomId)) setTyping(isTyping ? withOne(userId) : without(userId));
    });
    chat.on('roomParticipants', ({ roomId, participants, headSeq }) => {
      if (!here(roomId)) return;
      shown.current.seq ??= headSeq;
      setParticipants(participants);
    });
    chat.on('userJoined', ({ roomId, userId }) => {
      if (here(roomId)) setParticipants(withOne(userId));
    });
    chat.on('userLeft', ({ roomId, userId }) => {
      if (here(roomId)) setParticipants(without(userId));
    });
    const { seq } = shown.current;
    const after = seq === undefined ? {} : { afterSeq: seq };
    if (room.current) chat.send({ type: 'JOIN_ROOM', roomId: room.current, ...after });
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
    shown.current.seq = undefined;
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
