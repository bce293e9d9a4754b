// The event streams of the fallback that a browser context's pages have open, as the browser itself tells it.
import type { BrowserContext, Page, Request } from '@playwright/test';

export class Streams {
  readonly #open = new Map<Request, Page>();

  constructor(context: BrowserContext) {
    context.on('request', (request) => {
      if (!request.url().endsWith('/api/v1/realtime/stream')) return;
      const page = request.frame().page();
      this.#open.set(request, page);
      page.on('close', () => this.#open.delete(request));
    });
    for (const end of ['requestfinished', 'requestfailed'] as const) {
      context.on(end as 'requestfinished', (request) => this.#open.delete(request));
    }
  }

  /** The pages that have one, once for each. */
  get holders(): Page[] {
    return [...this.#open.values()];
  }
}
