/** Which event belongs to which frame. */
import type { ClientEvents } from './events.js';

/** Types that are the names of their events, written otherwise. */
const NAMES = (
  'CONNECTION_ESTABLISHED ROOM_PARTICIPANTS ROOM_COUNT ROOM_UPDATED USER_JOINED USER_LEFT USER_DISCONNECTED ' +
  'PRESENCE MEMBERSHIP GOING_AWAY REACTION NOTIFICATION BROADCAST'
).split(' ');
/** Those that are with the category before them. */
const OF_CATEGORY = ['MESSAGE', 'INDICATOR', 'STATE', 'RESET'];
/** Those that are with `MESSAGE` before them. */
const OF_MESSAGE = ['EDITED', 'DELETED', 'READ', 'DELIVERED'];

/** The event that belongs to a frame other than an error, where there is one of its own. */
export function eventOf(category: string, type: string): keyof ClientEvents | undefined {
  let name = '';
  if (NAMES.includes(type)) name = type;
  else if (OF_CATEGORY.includes(type)) name = `${category}_${type}`;
  else if (OF_MESSAGE.includes(type)) name = `MESSAGE_${type}`;
  const camel = name.toLowerCase().replace(/_./g, (found) => found.slice(1).toUpperCase());
  return (camel || undefined) as keyof ClientEvents | undefined;
}

/** Frames that are told as other events. */
export const TOLD_OTHERWISE = ['SYSTEM/ACK', 'SYSTEM/GAP', 'SYSTEM/PONG'];
