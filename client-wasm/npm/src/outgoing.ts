/** Messages on their way: from the call that sends one to the server's word on it. */
import { TidingsError, type TidingsErrorCode } from './errors.js';
import type { SendChange, SendState } from './events.js';
import type { SentDetail } from './core-events.js';
import type { Ack } from './generated/protocol.js';
import { attempt } from './store.js';

/** What the outbox itself refuses. */
const SENTENCES: Partial<Record<TidingsErrorCode, string>> = {
  QUEUE_FULL: 'The outbox is full.',
  TOO_LARGE: 'The message is too large.',
  EMPTY: 'The message is empty.',
  UNKNOWN_ENTRY: 'There is no such message in the outbox.',
  NOT_A_MEMBER: 'You are not a member of this room.',
};

/** What was sent, and what became of it. */
export interface Sending<T> {
  /** The message's own id: its `clientId` when it comes back. */
  readonly id: string;
  /**
   * Resolves when the server has the message durably, and rejects with a {@link TidingsError} when it refuses it. While
   * there is no connection it waits. After {@link retry} it is a new promise.
   */
  readonly done: Promise<T>;
  /** Sends a refused message again, behind those that wait. @returns the new {@link done} */
  retry(): Promise<T>;
  /**
   * Replaces the text of a message that was refused or never sent, and sends it; one that is on its way stays as it is.
   *
   * @param content the new text
   * @returns the new {@link done}
   */
  revise(content: string): Promise<T>;
  /** Drops a message that was refused or never sent; one that is on its way stays. */
  cancel(): void;
}

/** What a message is made of. */
export interface Draft {
  readonly roomId: string | undefined;
  readonly recipientId: string | undefined;
  /** Only what is shown in a list of messages has a text. */
  readonly content: string | undefined;
  readonly replyTo: string | undefined;
}

/** One message on its way. */
export class Outgoing implements Draft {
  readonly id: string;
  readonly roomId: string | undefined;
  readonly recipientId: string | undefined;
  content: string | undefined;
  readonly replyTo: string | undefined;
  /** The text before a revision that the outbox has not yet taken. */
  before: string | undefined;
  /** When it was sent, as an RFC 3339 time. */
  readonly since = new Date().toISOString();
  state: SendState = 'saving';
  error: TidingsError | undefined;
  done!: Promise<Ack>;
  #settle!: { resolve(ack: Ack): void; reject(error: TidingsError): void };

  constructor(id: string, draft: Draft) {
    this.id = id;
    this.roomId = draft.roomId;
    this.recipientId = draft.recipientId;
    this.content = draft.content;
    this.replyTo = draft.replyTo;
    this.#promise();
  }

  /** Begins anew where it failed. */
  retry(): void {
    if (this.state !== 'failed') return;
    this.error = undefined;
    this.state = 'saving';
    this.#promise();
  }

  /** Another text, until the outbox says that it is too late. */
  revise(content: string): void {
    this.before = this.content;
    this.content = content;
    this.retry();
  }

  acked(ack: Ack): void {
    this.state = 'sent';
    this.#settle.resolve(ack);
  }

  failed(error: TidingsError): void {
    this.state = 'failed';
    this.error = error;
    this.#settle.reject(error);
  }

  #promise(): void {
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // An app that shows the message's state need not look at the promise too.
    this.done.catch(() => undefined);
  }
}

/** All messages on their way, in the order in which they were sent. */
export class OutgoingMessages {
  readonly #all = new Map<string, Outgoing>();
  readonly #tell: (outgoing: Outgoing, change: SendChange, ack?: Ack) => void;

  /** @param tell hears of every change */
  constructor(tell: (outgoing: Outgoing, change: SendChange, ack?: Ack) => void) {
    this.#tell = tell;
  }

  get(id: string): Outgoing | undefined {
    return this.#all.get(id);
  }

  add(id: string, draft: Draft): Outgoing {
    const outgoing = new Outgoing(id, draft);
    this.#all.set(id, outgoing);
    this.#report(outgoing, 'saving');
    return outgoing;
  }

  /** Those to a room, in order. */
  toRoom(roomId: string): Outgoing[] {
    return [...this.#all.values()].filter((one) => one.roomId === roomId && one.content !== undefined);
  }

  /** The core's word on one of them. */
  sent(id: string, ...[state, ...detail]: SentDetail): void {
    const outgoing = this.#all.get(id);
    if (!outgoing) return;
    if (state !== 'refused') outgoing.before = undefined;
    if (state === 'queued' || state === 'inFlight') {
      outgoing.state = state;
      this.#report(outgoing, state);
    } else if (state === 'acked') {
      const [roomId, messageId, seq, duplicate] = detail as [string | null, string | null, number | null, boolean];
      const ack: Ack = { id, duplicate };
      if (roomId !== null) ack.roomId = roomId;
      if (messageId !== null) ack.messageId = messageId;
      if (seq !== null) ack.seq = seq;
      this.#all.delete(id);
      outgoing.acked(ack);
      this.#report(outgoing, 'sent', ack);
    } else if (state === 'cancelled' || state === 'takenOver') {
      this.#all.delete(id);
      outgoing.failed(
        state === 'cancelled'
          ? new TidingsError('CANCELLED', 'The message was cancelled.')
          : new TidingsError('TAKEN_OVER', 'Another page sends the message.'),
      );
      this.#report(outgoing, 'cancelled');
    } else {
      const code = detail[0] as TidingsErrorCode;
      const { before } = outgoing;
      // A refusal by the outbox itself changes nothing of a message that it holds.
      if (before !== undefined) [outgoing.content, outgoing.before] = [before, undefined];
      else if (state === 'refused' && code !== 'BUSY') this.#all.delete(id);
      if (state === 'refused' && code === 'BUSY') return;
      this.fail(outgoing, new TidingsError(code, SENTENCES[code] ?? `The server refused the message (${code}).`));
    }
  }

  fail(outgoing: Outgoing, error: TidingsError): void {
    outgoing.failed(error);
    this.#report(outgoing, 'failed');
  }

  drop(id: string): void {
    this.#all.delete(id);
  }

  #report(outgoing: Outgoing, state: SendChange['state'], ack?: Ack): void {
    const change: SendChange =
      state === 'failed' && outgoing.error
        ? { id: outgoing.id, state, error: outgoing.error }
        : { id: outgoing.id, state };
    attempt(() => this.#tell(outgoing, change, ack));
  }
}
