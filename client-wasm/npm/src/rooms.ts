/** The list of the user's rooms: last message and unread count, kept up to date. */
import type { Method } from './connection.js';
import type { Message, PrivateDelivery, Room as RoomInfo, RoomPage, ServerFrame } from './generated/protocol.js';
import { Value, type Store } from './store.js';

interface Context {
  readonly userId: string | undefined;
  request<T>(method: Method, path: string, body?: unknown): Promise<T>;
  report(error: unknown): void;
}

/** Rooms on one page. */
const PAGE = 200;
/** How often the list is read anew since rooms have changed meanwhile. */
const TRIES = 3;

/** The rooms of which the user is a member, direct conversations included. */
export class RoomList {
  readonly #rooms = new Value<readonly RoomInfo[]>([]);
  readonly #unread = new Value(0);
  readonly #context: Context;
  /** How often rooms came, went or were renamed. */
  #changes = 0;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  /** The rooms, as the server orders them. Empty until {@link load}. */
  get list(): Store<readonly RoomInfo[]> {
    return this.#rooms;
  }

  /** Unread messages in all rooms together. */
  get unread(): Store<number> {
    return this.#unread;
  }

  /** Reads the list from the server. Rejects with a `TidingsError`. */
  async load(): Promise<void> {
    for (let tries = TRIES; ; tries -= 1) {
      const before = this.#changes;
      const rooms: RoomInfo[] = [];
      for (let after = ''; ; ) {
        const from = after && `&after=${encodeURIComponent(after)}`;
        const page = await this.#context.request<RoomPage>('GET', `/api/v1/rooms?scope=mine&limit=${PAGE}${from}`);
        rooms.push(...page.rooms);
        const last = page.rooms.at(-1);
        if (!page.hasMore || !last) break;
        after = last.roomId;
      }
      // A list that was read before the rooms changed would undo that; where it does not end, it is better than none.
      if (before !== this.#changes && tries > 0) continue;
      this.#set(rooms.map((room) => this.#newer(room)));
      return;
    }
  }

  /** @internal */
  frame(frame: ServerFrame): void {
    switch (`${frame.category}/${frame.type}`) {
      case 'CHAT/MESSAGE':
      case 'PRIVATE/MESSAGE':
        this.#message(frame.data as Message | PrivateDelivery);
        break;
      case 'CHAT/READ': {
        const { roomId, userId, seq } = frame.data as { roomId: string; userId: string; seq: number };
        if (userId === this.#context.userId) this.read(roomId, seq);
        break;
      }
      case 'SYSTEM/MEMBERSHIP': {
        const { roomId, member, room } = frame.data as { roomId: string; member: boolean; room?: RoomInfo };
        this.#changes += 1;
        if (member && room) this.#put(room);
        else this.#set(this.#rooms.get().filter((one) => one.roomId !== roomId));
        break;
      }
      case 'SYSTEM/ROOM_UPDATED': {
        const { roomId, name, kind } = (frame.data as { room: RoomInfo }).room;
        this.#changes += 1;
        this.#update(roomId, (room) => ({ ...room, name, kind }));
        break;
      }
      default:
    }
  }

  /** The user has read up to a position, here or on another device. @internal */
  read(roomId: string, seq: number): void {
    const room = this.#rooms.get().find((one) => one.roomId === roomId);
    if (!room || seq <= room.readSeq) return;
    if (seq >= room.headSeq) this.#update(roomId, (one) => ({ ...one, readSeq: seq, unread: 0 }));
    else this.#reload(roomId);
  }

  #message(message: Message): void {
    const { roomId, seq, senderId } = message;
    const room = this.#rooms.get().find((one) => one.roomId === roomId);
    if (!room) {
      this.#changes += 1;
      return this.#reload(roomId);
    }
    if (seq <= room.headSeq) return;
    const mine = senderId === this.#context.userId;
    this.#update(roomId, (one) => ({
      ...one,
      headSeq: seq,
      lastMessage: message,
      readSeq: mine ? seq : one.readSeq,
      unread: mine ? 0 : one.unread + 1,
    }));
  }

  #reload(roomId: string): void {
    this.#context
      .request<RoomInfo>('GET', `/api/v1/rooms/${encodeURIComponent(roomId)}`)
      .then((room) => this.#put(room))
      .catch((error: unknown) => this.#context.report(error));
  }

  #put(room: RoomInfo): void {
    this.#set([...this.#rooms.get().filter((one) => one.roomId !== room.roomId), this.#newer(room)]);
  }

  /** What came since the server made an answer is not undone by it. */
  #newer(room: RoomInfo): RoomInfo {
    const old = this.#rooms.get().find((one) => one.roomId === room.roomId);
    if (!old || (old.headSeq <= room.headSeq && old.readSeq <= room.readSeq)) return room;
    const { lastMessage, unread } = old;
    const [headSeq, readSeq] = [Math.max(old.headSeq, room.headSeq), Math.max(old.readSeq, room.readSeq)];
    return { ...room, headSeq, readSeq, unread, ...(lastMessage && { lastMessage }) };
  }

  #update(roomId: string, change: (room: RoomInfo) => RoomInfo): void {
    this.#set(this.#rooms.get().map((room) => (room.roomId === roomId ? change(room) : room)));
  }

  #set(rooms: readonly RoomInfo[]): void {
    this.#rooms.set(Object.freeze([...rooms]));
    this.#unread.set(rooms.reduce((sum, room) => sum + room.unread, 0));
  }
}
