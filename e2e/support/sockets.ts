// The WebSockets that a browser context's pages have open, as the browser itself tells it.
import type { BrowserContext, Page, WebSocket } from '@playwright/test';

export class Sockets {
  readonly #open = new Map<WebSocket, Page>();
  /** How many were ever opened. */
  opened = 0;

  constructor(context: BrowserContext) {
    context.on('page', (page) => {
      page.on('websocket', (socket) => {
        this.opened += 1;
        this.#open.set(socket, page);
        socket.on('close', () => this.#open.delete(socket));
      });
      const gone = () => {
        for (const [socket, its] of this.#open) if (its === page) this.#open.delete(socket);
      };
      page.on('close', gone);
      page.on('crash', gone);
    });
  }

  /** The pages that have one, once for each. */
  get holders(): Page[] {
    return [...this.#open.values()];
  }
}
