// The WebSockets that a browser context's pages have open, and the messages that the pages send, as the browser itself tells it.
import type { BrowserContext, Page, Request, WebSocket } from '@playwright/test';

/** A message as it was written to a socket, or into the body of a request where no socket gets through. */
type Sent = { id: string; by: WebSocket | Request; wasAcked: boolean };

type Frame = { type: string; id?: string; data?: { id?: string } };

export class Sockets {
  readonly #open = new Map<WebSocket, Page>();
  readonly #sent: Sent[] = [];
  readonly #acked = new Set<string>();
  /** How many were ever opened. */
  opened = 0;

  constructor(context: BrowserContext) {
    context.on('page', (page) => this.#watch(page));
    context.on('request', (request) => {
      if (!/\/realtime\/(frames|stream|poll)$/.test(request.url())) return;
      const { frames = [] } = JSON.parse(request.postData() ?? '{}') as { frames?: Frame[] };
      for (const frame of frames) this.#note(frame, request);
    });
  }

  /** Those of a page that is there already. */
  static of(page: Page): Sockets {
    const sockets = new Sockets(page.context());
    sockets.#watch(page);
    return sockets;
  }

  /** The pages that have one, once for each. */
  get holders(): Page[] {
    return [...this.#open.values()];
  }

  /** How often each message was sent, by its id, in the order of the first time. */
  get sends(): Map<string, number> {
    const count = new Map<string, number>();
    for (const { id } of this.#sent) count.set(id, (count.get(id) ?? 0) + 1);
    return count;
  }

  /** Messages that were sent twice by one connection. By a new one, what was not answered on the old one is sent again. */
  get doubled(): string[] {
    const seen = new Map<Sent['by'], Set<string>>();
    const again = this.#sent.filter(({ id, by }) => {
      const its = seen.get(by) ?? new Set();
      seen.set(by, its);
      const is = its.has(id);
      its.add(id);
      return is;
    });
    return again.map(({ id }) => id);
  }

  /** Messages that were sent again after their answer had come. */
  get needless(): string[] {
    return this.#sent.filter(({ wasAcked }) => wasAcked).map(({ id }) => id);
  }

  #watch(page: Page): void {
    page.on('websocket', (socket) => {
      this.opened += 1;
      this.#open.set(socket, page);
      socket.on('close', () => this.#open.delete(socket));
      const note = ({ payload }: { payload: string | Buffer }) => this.#note(JSON.parse(payload.toString()) as Frame, socket);
      socket.on('framesent', note);
      socket.on('framereceived', note);
    });
    const gone = () => {
      for (const [socket, its] of this.#open) if (its === page) this.#open.delete(socket);
    };
    page.on('close', gone);
    page.on('crash', gone);
  }

  #note({ type, id, data }: Frame, by: WebSocket | Request): void {
    if (id !== undefined && (type === 'CHAT_MESSAGE' || type === 'PRIVATE_MESSAGE')) {
      this.#sent.push({ id, by, wasAcked: this.#acked.has(id) });
    }
    if (type === 'ACK' && data?.id !== undefined) this.#acked.add(data.id);
  }
}
