/** What this client sends: from the call to the outbox, and what the outbox says of it. */
import { CANCEL, CHAT, DELETE, EDIT, OUTBOX, PRIVATE, REACT, RETRY, UNREACT, ask } from './commands.js';
import type { Connection } from './connection.js';
import type { SentEvent, StoredEntry } from './core-events.js';
import type { Core } from './core.js';
import { TidingsError, type TidingsErrorCode } from './errors.js';
import type { SendChange } from './events.js';
import type { Ack, Message } from './generated/protocol.js';
import { uuid } from './ids.js';
import { OutgoingMessages, type Draft, type Outgoing, type Sending } from './outgoing.js';

/** What it needs of its client. */
export interface SendContext {
  readonly userId: string | undefined;
  /** The server's time, as far as it is known. */
  readonly serverTime: string;
  /** A message on its way changed; where the server has it, as it has it. */
  changed(outgoing: Outgoing, change: SendChange, ack?: Ack, message?: Message): void;
  /** Messages of another page load are shown from now on. */
  restored(): void;
}

/** Calls that send, and what became of them. */
export class Sends {
  readonly #connection: Connection;
  readonly #context: SendContext;
  readonly #outgoing: OutgoingMessages;

  constructor(connection: Connection, context: SendContext) {
    this.#connection = connection;
    this.#context = context;
    this.#outgoing = new OutgoingMessages((outgoing, change, ack) => {
      const message = ack && outgoing.content !== undefined ? this.#messageOf(ack, outgoing) : undefined;
      context.changed(outgoing, change, ack, message);
    });
  }

  /** Those to a room, in order. */
  toRoom(roomId: string): Outgoing[] {
    return this.#outgoing.toRoom(roomId);
  }

  chat(roomId: string, content: string, replyTo: string | undefined): Sending<Message> {
    return this.#message({ roomId, recipientId: undefined, content, replyTo }, CHAT, roomId);
  }

  private(recipientId: string, content: string, replyTo: string | undefined): Sending<Message> {
    return this.#message({ roomId: undefined, recipientId, content, replyTo }, PRIVATE, recipientId);
  }

  edit(roomId: string, messageId: string, content: string): Sending<Ack> {
    return this.#send(change(roomId), EDIT, roomId, messageId, content);
  }

  delete(roomId: string, messageId: string): Sending<Ack> {
    return this.#send(change(roomId), DELETE, roomId, messageId, '');
  }

  react(roomId: string, messageId: string, emoji: string, remove: boolean): Sending<Ack> {
    return this.#send(change(roomId), remove ? UNREACT : REACT, roomId, messageId, emoji);
  }

  retry(id: string): void {
    this.#outgoing.get(id)?.retry();
    ask(this.#connection.core, RETRY, id);
  }

  cancel(id: string): void {
    ask(this.#connection.core, CANCEL, id);
  }

  revise(id: string, content: string): void {
    const outgoing = this.#outgoing.get(id);
    const { roomId, recipientId, replyTo } = outgoing ?? {};
    const place = roomId ?? recipientId;
    if (outgoing?.content === undefined || place === undefined) return;
    outgoing.revise(content);
    ask(this.#connection.core, roomId === undefined ? PRIVATE : CHAT, id, place, replyTo, content, true);
  }

  /** The outbox's word on an entry. */
  sent([, id, ...detail]: SentEvent, core: Core): void {
    if (!this.#outgoing.get(id)) this.restore(core);
    this.#outgoing.sent(id, ...detail);
  }

  /** An earlier page load, or another page, left messages in the outbox: they are shown as this one's own. */
  restore(core: Core): void {
    for (const [id, frame, refusal] of ask<StoredEntry[]>(core, OUTBOX) ?? []) {
      if (this.#outgoing.get(id)) continue;
      const draft: Draft = {
        roomId: 'roomId' in frame ? frame.roomId : undefined,
        recipientId: frame.type === 'PRIVATE_MESSAGE' ? frame.data.recipientId : undefined,
        content: frame.type === 'CHAT_MESSAGE' || frame.type === 'PRIVATE_MESSAGE' ? frame.content : undefined,
        replyTo: 'replyTo' in frame ? frame.replyTo : undefined,
      };
      this.#outgoing.add(id, draft);
      if (refusal === null) this.#outgoing.sent(id, 'queued');
      else this.#outgoing.sent(id, 'failed', refusal);
    }
    this.#context.restored();
  }

  #message(draft: Draft, kind: number, place: string): Sending<Message> {
    const sending = this.#send(draft, kind, place, draft.replyTo, draft.content ?? '');
    // Its text may be another one by then.
    const sent = this.#outgoing.get(sending.id) ?? draft;
    const message = async (done: Promise<Ack>): Promise<Message> => this.#messageOf(await done, sent);
    let [acked, made] = [sending.done, message(sending.done)];
    made.catch(() => undefined);
    const current = () => {
      if (sending.done !== acked) {
        [acked, made] = [sending.done, message(sending.done)];
        made.catch(() => undefined);
      }
      return made;
    };
    return {
      id: sending.id,
      get done() {
        return current();
      },
      retry: () => {
        void sending.retry();
        return current();
      },
      revise: (content) => {
        void sending.revise(content);
        return current();
      },
      cancel: () => sending.cancel(),
    };
  }

  #send(draft: Draft, kind: number, place: string, message: string | undefined, text: string): Sending<Ack> {
    const id = uuid();
    const outgoing = this.#outgoing.add(id, draft);
    const refuse = (code: TidingsErrorCode, sentence: string) => {
      this.#outgoing.drop(id);
      this.#outgoing.fail(outgoing, new TidingsError(code, sentence));
    };
    const taken = this.#connection.run((core) => {
      if (!ask(core, kind, id, place, message, text)) {
        refuse('INVALID_FRAME', 'A room, user or message has no such id.');
      }
    });
    if (!taken) refuse('QUEUE_FULL', 'Too many messages before connect().');
    return {
      id,
      get done() {
        return outgoing.done;
      },
      retry: () => {
        this.retry(id);
        return outgoing.done;
      },
      revise: (content) => {
        this.revise(id, content);
        return outgoing.done;
      },
      cancel: () => this.cancel(id),
    };
  }

  #messageOf(ack: Ack, draft: Draft): Message {
    const message: Message = {
      messageId: ack.messageId ?? '',
      roomId: ack.roomId ?? draft.roomId ?? '',
      seq: ack.seq ?? 0,
      senderId: this.#context.userId ?? '',
      content: draft.content ?? '',
      timestamp: this.#context.serverTime,
      clientId: ack.id,
    };
    if (draft.replyTo !== undefined) message.replyTo = draft.replyTo;
    return message;
  }
}

/** A change of a message is not shown as a message. */
function change(roomId: string): Draft {
  return { roomId, recipientId: undefined, content: undefined, replyTo: undefined };
}
