/** What every entry of the package exports besides the clients. */
export { TidingsError, type TidingsErrorCode } from './errors.js';
export { Emitter, type ListenerOptions } from './emitter.js';
export type { Store } from './store.js';
export type { ConnectionOptions, Method, Transport } from './connection.js';
export type { TidingsClientOptions } from './client.js';
export type {
  ClientEvents,
  CloseCause,
  ConnectionStatus,
  Disconnect,
  Gap,
  SendChange,
  SendState,
  State,
} from './events.js';
export type { NotificationEvents, NotificationFilter, NotificationStatus } from './notifications.js';
export type { Sending } from './outgoing.js';
export type { ChatMessage, Room } from './room.js';
export type { RoomList } from './rooms.js';
export type { WasmSource } from './wasm.js';
export type * as protocol from './generated/protocol.js';
export type {
  Broadcast,
  ClientFrame,
  Message,
  Notification,
  Person,
  Room as RoomInfo,
  ServerFrame,
} from './generated/protocol.js';
