// On a busy machine a page may be silent for longer than the other pages of its user have patience.
import type { BrowserContext, Page } from '@playwright/test';

/**
 * From now on, a page loses the connection by its silence only if it answers and yet has said nothing: what pages of this
 * context wait for so long goes on until all of them have answered.
 */
export async function waitForSlowPages(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    if (!location.protocol.startsWith('http')) return;
    const PATIENCE_MS = 1_000; // as in client-wasm/src/tabs/tabs.js
    const { setTimeout: wait, clearTimeout: drop } = globalThis;
    const me: string = crypto.randomUUID();
    const dropped = new Set<unknown>();
    const polls = new Set<Set<string>>();
    const channel = new BroadcastChannel('pages that answer');
    channel.onmessage = ({ data: [from, to] }: { data: [string, string?] }) => {
      if (to === undefined) channel.postMessage([me, from]);
      else if (to === me) for (const answered of polls) answered.add(from);
    };
    // Who is gone has no lock.
    const prefix = 'page ';
    let giveUp = () => {};
    void navigator.locks.request(prefix + me, () => new Promise<void>((release) => (giveUp = release)));
    const poll = async (handle: unknown) => {
      const answered = new Set([me]);
      polls.add(answered);
      for (let isWaiting = true; isWaiting && !dropped.has(handle); ) {
        // Each time: a page may have come that has not heard the question.
        channel.postMessage([me]);
        await new Promise((done) => wait(done, 50));
        const { held = [] } = await navigator.locks.query();
        const pages = held.map(({ name = '' }) => name).filter((name) => name.startsWith(prefix));
        isWaiting = pages.some((name) => !answered.has(name.slice(prefix.length)));
      }
      polls.delete(answered);
    };
    const setTimeout = (run: (...rest: unknown[]) => void, ms?: number, ...rest: unknown[]) => {
      if (ms !== PATIENCE_MS) return wait(run, ms, ...rest);
      const handle = wait(async () => {
        await poll(handle);
        if (!dropped.has(handle)) run(...rest);
      }, ms);
      return handle;
    };
    const clearTimeout = (handle?: Parameters<typeof drop>[0]) => {
      dropped.add(handle);
      drop(handle);
    };
    Object.assign(globalThis, { setTimeout, clearTimeout, neverMind: () => giveUp() });
  });
}

/** Nobody waits for this page's answers any more: it may be taken for frozen. */
export async function mayFreeze(page: Page): Promise<void> {
  await page.evaluate('neverMind()');
}
