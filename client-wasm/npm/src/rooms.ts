/** The list of the user's rooms: last message and unread count, kept up to date. */
import type { BaseClient } from './client.js';
import { Early } from './early.js';
import type {
  Deleted,
  Edited,
  Message,
  PrivateDelivery,
  Room as RoomInfo,
  RoomPage,
  ServerFrame,
} from './generated/protocol.js';
import { rewritten } from './room.js';
import { Value, type Store } from './store.js';

/** What the list needs of its client. */
type Client = Pick<BaseClient, 'userId' | 'request'>;

/** Rooms on one page. */
const PAGE = 200;
/** How often the list is read anew since rooms have changed meanwhile. */
const TRIES = 3;

/** A change of a room; it changes nothing where the room shows it already. */
type Change = (room: RoomInfo) => RoomInfo;

/** The rooms of which the user is a member, direct conversations included. */
export class RoomList {
  readonly #rooms = new Value<readonly RoomInfo[]>([]);
  readonly #unread = new Value(0);
  readonly #client: Client;
  readonly #report: (error: unknown) => void;
  /** How often rooms came or went, or what is known of them was no longer good. */
  #changes = 0;
  readonly #early = new Early<[roomId: string, change: Change]>();
  /** Rooms that are asked for one by one. */
  readonly #wanted = new Set<string>();
  #again: Promise<void> | undefined;

  /** @internal */
  constructor(client: Client, report: (error: unknown) => void) {
    this.#client = client;
    this.#report = report;
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
      const isGood = await this.#early.during(async (since) => {
        const rooms = await this.#all();
        // A list that was read before the rooms changed would undo that; where it does not end, it is better than none.
        if (before !== this.#changes && tries > 0) return false;
        this.#set(rooms.map((room) => this.#current(room, since())));
        return true;
      });
      if (isGood) return;
    }
  }

  /** @internal */
  frame(frame: ServerFrame): void {
    switch (`${frame.category}/${frame.type}`) {
      case 'CHAT/MESSAGE':
      case 'PRIVATE/MESSAGE':
        this.#message(frame.data as Message | PrivateDelivery);
        break;
      case 'CHAT/EDITED':
      case 'CHAT/DELETED': {
        const { roomId, messageId, seq } = frame.data as Edited | Deleted;
        this.#entry(roomId, seq, ({ lastMessage }) =>
          lastMessage?.messageId === messageId ? { lastMessage: rewritten(lastMessage, frame) } : {},
        );
        break;
      }
      case 'CHAT/READ': {
        const { roomId, userId, seq } = frame.data as { roomId: string; userId: string; seq: number };
        if (userId === this.#client.userId) this.read(roomId, seq);
        break;
      }
      case 'SYSTEM/MEMBERSHIP': {
        const { roomId, member, room } = frame.data as { roomId: string; member: boolean; room?: RoomInfo };
        this.#changes += 1;
        this.#wanted.delete(roomId);
        if (member && room) this.#put(room, []);
        else this.#set(this.#rooms.get().filter((one) => one.roomId !== roomId));
        break;
      }
      case 'SYSTEM/ROOM_UPDATED': {
        const { roomId, name, kind } = (frame.data as { room: RoomInfo }).room;
        this.#update(roomId, (room) => ({ ...room, name, kind }));
        break;
      }
      default:
    }
  }

  /** The user has read up to a position, here or on another device. @internal */
  read(roomId: string, seq: number): void {
    this.#update(roomId, readTo(seq));
  }

  /** Entries were left out: the list is read anew, once for all of them. @internal */
  gap(): void {
    this.#changes += 1;
    if (this.#rooms.get().length === 0) return;
    this.#again ??= this.load()
      .catch(this.#report)
      .finally(() => {
        this.#again = undefined;
      });
  }

  #message(message: Message): void {
    const { roomId, seq, senderId, deleted } = message;
    if (!this.#find(roomId)) this.#want(roomId);
    const mine = senderId === this.#client.userId;
    this.#entry(roomId, seq, (one) => ({
      lastMessage: message,
      readSeq: mine ? seq : one.readSeq,
      unread: mine ? 0 : one.unread + Number(!deleted),
    }));
  }

  /** An entry of a room's log, once. */
  #entry(roomId: string, seq: number, change: (room: RoomInfo) => Partial<RoomInfo>): void {
    this.#update(roomId, (one) => (seq > one.headSeq ? { ...one, headSeq: seq, ...change(one) } : one));
  }

  /** Asks for a room that is not in the list, unless that is under way. */
  #want(roomId: string): void {
    if (this.#wanted.has(roomId)) return;
    this.#wanted.add(roomId);
    this.#early
      .during(async (since) => {
        const room = await this.#client.request<RoomInfo>('GET', `/api/v1/rooms/${encodeURIComponent(roomId)}`);
        // Where the user came or went meanwhile, that was the last word.
        if (this.#wanted.has(roomId)) this.#put(room, since());
      })
      .catch(this.#report)
      .finally(() => this.#wanted.delete(roomId));
  }

  async #all(): Promise<RoomInfo[]> {
    const rooms: RoomInfo[] = [];
    for (let after = ''; ; ) {
      const from = after && `&after=${encodeURIComponent(after)}`;
      const page = await this.#client.request<RoomPage>('GET', `/api/v1/rooms?scope=mine&limit=${PAGE}${from}`);
      rooms.push(...page.rooms);
      const last = page.rooms.at(-1);
      if (!page.hasMore || !last) return rooms;
      after = last.roomId;
    }
  }

  #put(room: RoomInfo, since: [string, Change][]): void {
    // It may have been told before what is known.
    if ((this.#find(room.roomId)?.headSeq ?? 0) > room.headSeq) return;
    this.#changes += 1;
    this.#set([...this.#rooms.get().filter((one) => one.roomId !== room.roomId), this.#current(room, since)]);
  }

  /** A room as the server gave it, with what came since it was asked for. */
  #current(room: RoomInfo, since: [string, Change][]): RoomInfo {
    const readSeq = this.#find(room.roomId)?.readSeq ?? 0;
    // The server may not have the marker yet; one beyond the log's end belongs to another log.
    const start = readSeq > room.headSeq ? room : readTo(readSeq)(room);
    return since.reduce((one, [roomId, change]) => (roomId === one.roomId ? change(one) : one), start);
  }

  #find(roomId: string): RoomInfo | undefined {
    return this.#rooms.get().find((one) => one.roomId === roomId);
  }

  #update(roomId: string, change: Change): void {
    this.#early.note([roomId, change]);
    this.#set(this.#rooms.get().map((room) => (room.roomId === roomId ? change(room) : room)));
  }

  #set(rooms: readonly RoomInfo[]): void {
    this.#rooms.set(Object.freeze(rooms));
    this.#unread.set(rooms.reduce((sum, room) => sum + room.unread, 0));
  }
}

/** The user has read up to a position. How many messages follow is known where none does; else no more than entries. */
function readTo(seq: number): Change {
  return (room) => {
    if (seq <= room.readSeq) return room;
    const left = seq < (room.lastMessage?.seq ?? 0) ? room.headSeq - seq : 0;
    return { ...room, readSeq: seq, unread: Math.min(room.unread, left) };
  };
}
