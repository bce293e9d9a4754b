/** Which event belongs to which frame. */
import type { ClientEvents } from './events.js';

/** The event that belongs to a frame, where there is one of its own. */
export const EVENT_OF: Partial<Record<string, keyof ClientEvents>> = {
  'SYSTEM/CONNECTION_ESTABLISHED': 'connectionEstablished',
  'SYSTEM/ROOM_PARTICIPANTS': 'roomParticipants',
  'SYSTEM/ROOM_COUNT': 'roomCount',
  'SYSTEM/USER_JOINED': 'userJoined',
  'SYSTEM/USER_LEFT': 'userLeft',
  'SYSTEM/USER_DISCONNECTED': 'userDisconnected',
  'SYSTEM/PRESENCE': 'presence',
  'SYSTEM/MEMBERSHIP': 'membership',
  'SYSTEM/ROOM_UPDATED': 'roomUpdated',
  'SYSTEM/GOING_AWAY': 'goingAway',
  'CHAT/MESSAGE': 'chatMessage',
  'CHAT/EDITED': 'messageEdited',
  'CHAT/DELETED': 'messageDeleted',
  'CHAT/REACTION': 'reaction',
  'CHAT/READ': 'messageRead',
  'TYPING/INDICATOR': 'typingIndicator',
  'PRIVATE/MESSAGE': 'privateMessage',
  'PRIVATE/DELIVERED': 'messageDelivered',
  'NOTIFICATION/NOTIFICATION': 'notification',
  'NOTIFICATION/BROADCAST': 'broadcast',
  'NOTIFICATION/STATE': 'notificationState',
  'NOTIFICATION/RESET': 'notificationReset',
};
/** Frames that are told as other events. */
export const TOLD_OTHERWISE = ['SYSTEM/ACK', 'SYSTEM/GAP', 'SYSTEM/PONG', 'ERROR/MESSAGE'];
