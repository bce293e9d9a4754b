// The outbox of the npm package in IndexedDB: reloads, several pages of one user, another user, no room.
import type { Page } from '@playwright/test';

import { token } from '../support/example.js';
import { limitAnswers } from '../support/held.js';
import { waitForSlowPages } from '../support/patience.js';
import { expect, test } from '../support/sdk.js';
import type { Server } from '../support/server.js';
import { Sockets } from '../support/sockets.js';

test.use({ serverOptions: ['--max-frames-per-second', '200', '--frame-burst', '200'] });

/** Makes `client` a global of the page. It connects, whether or not there is a server. */
async function signIn(page: Page, server: Server, userId: string): Promise<void> {
  await page.evaluate(
    async (options) => {
      const { TidingsClient } = await import('/node_modules/@tidings/client/dist/index.js' as string);
      const client = new TidingsClient(options);
      const changes: [string, string][] = [];
      client.on('sendChange', ({ id, state }: { id: string; state: string }) => changes.push([id, state]));
      Object.assign(globalThis, { client, changes });
      client.connect().catch(() => undefined);
    },
    { url: server.url, token: token(userId) },
  );
}

const state = (page: Page) => page.evaluate('client.state');
const queued = (page: Page) => page.evaluate<number>('client.queued');
const saved = (page: Page) => page.evaluate<number>("changes.filter(([, state]) => state === 'queued').length");
const send = (page: Page, from: number, to: number) =>
  page.evaluate(`for (let n = ${from}; n < ${to}; n++) client.sendChatMessage('general', 'message ' + n)`);

/** How many rows storage holds, whosever they are. */
const rows = (page: Page) =>
  page.evaluate<number>(`new Promise((resolve, reject) => {
    const opening = indexedDB.open('tidings', 1);
    opening.onerror = reject;
    opening.onsuccess = () => {
      const counting = opening.result.transaction('outbox').objectStore('outbox').count();
      counting.onerror = reject;
      counting.onsuccess = () => {
        opening.result.close();
        resolve(counting.result);
      };
    };
  })`);

/** All that the server has of the room, oldest first. */
const history = (page: Page) =>
  page.evaluate<string[]>(`(async () => {
    const all = [];
    for (let before = ''; ; ) {
      const { messages } = await client.request('GET', '/api/v1/rooms/general/messages?limit=100' + before);
      if (messages.length === 0) return all;
      all.unshift(...messages.map((one) => one.content));
      before = '&before=' + messages[0].seq;
    }
  })()`);

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `message ${n}`);

/** Ann in the room, and then without a server. */
async function offline(page: Page, server: Server): Promise<void> {
  await signIn(page, server, 'ann');
  await page.evaluate("client.room('general').open()");
  await expect.poll(() => page.evaluate("client.room('general').members.get().length")).toBe(1);
  await server.kill();
  await expect.poll(() => state(page)).toBe('reconnecting');
}

test('a thousand messages typed offline survive a reload in the middle of their sending: each once, in order', async ({
  open,
  server,
}) => {
  test.setTimeout(120_000);
  const ann = await open();
  const answers = await limitAnswers(ann, 200);
  await offline(ann, server);
  await send(ann, 0, 1000);
  await expect.poll(() => saved(ann)).toBe(1000);
  await expect(
    ann.evaluate("client.sendChatMessage('general', 'one too many').done.catch(({ code }) => code)"),
  ).resolves.toBe('QUEUE_FULL');
  await server.start();
  await ann.evaluate('client.reconnectNow()');
  await expect.poll(() => queued(ann), { timeout: 30_000 }).toBeLessThan(900);
  expect(await queued(ann)).toBeGreaterThan(0);
  await ann.reload();
  answers.lift();
  await signIn(ann, server, 'ann');
  await expect.poll(() => state(ann)).toBe('connected');
  await expect.poll(() => history(ann), { timeout: 60_000, intervals: [2000] }).toHaveLength(1000);
  await expect.poll(() => queued(ann)).toBe(0);
  expect(await history(ann)).toEqual(numbered(1000));
});

test('two pages of one user send what each has; what a closed one leaves, the other sends, once', async ({ context, open, server }) => {
  const sockets = new Sockets(context);
  await waitForSlowPages(context);
  const [one, two] = [await open(), await open()];
  await offline(one, server);
  await signIn(two, server, 'ann');
  await send(one, 0, 20);
  await expect.poll(() => saved(one)).toBe(20);
  expect(await queued(two), 'an outbox of its own').toBe(0);
  await one.close();
  await expect.poll(() => queued(two)).toBe(20);
  await server.start();
  await two.evaluate('client.reconnectNow()');
  await expect.poll(() => queued(two), { timeout: 30_000 }).toBe(0);
  expect(await history(two)).toEqual(numbered(20));
  expect([...sockets.sends.values()]).toEqual(Array(20).fill(1));
  // Nothing is left for the next page.
  const three = await open();
  await signIn(three, server, 'ann');
  await expect.poll(() => state(three)).toBe('connected');
  expect(await queued(three)).toBe(0);
});

test('a page that crashes loses nothing', async ({ context, open, server }) => {
  const sockets = new Sockets(context);
  await waitForSlowPages(context);
  const [one, two] = [await open(), await open()];
  await offline(one, server);
  await send(one, 0, 5);
  await expect.poll(() => saved(one)).toBe(5);
  const crashed = one.waitForEvent('crash');
  one.goto('chrome://crash').catch(() => undefined);
  await crashed;
  await signIn(two, server, 'ann');
  await expect.poll(() => queued(two)).toBe(5);
  await server.start();
  await two.evaluate('client.reconnectNow()');
  await expect.poll(() => queued(two), { timeout: 30_000 }).toBe(0);
  expect(await history(two)).toEqual(numbered(5));
  expect([...sockets.sends.values()]).toEqual([1, 1, 1, 1, 1]);
});

test('another account never sends what the first one left, and signing out erases it', async ({ open, server }) => {
  const page = await open();
  await offline(page, server);
  await send(page, 0, 3);
  await expect.poll(() => saved(page)).toBe(3);
  await page.reload();
  await server.start();
  await signIn(page, server, 'bob');
  await expect.poll(() => state(page)).toBe('connected');
  await page.evaluate("client.room('general').open()");
  await expect.poll(() => page.evaluate("client.room('general').members.get().length")).toBe(1);
  expect(await queued(page)).toBe(0);
  expect(await history(page)).toEqual([]);
  await page.reload();
  await server.kill();
  await signIn(page, server, 'ann');
  await expect.poll(() => queued(page)).toBe(3);
  await page.evaluate('client.close({ forget: true })');
  await expect.poll(() => rows(page)).toBe(0);
  await page.reload();
  await server.start();
  await signIn(page, server, 'ann');
  await expect.poll(() => state(page)).toBe('connected');
  expect(await queued(page)).toBe(0);
  expect(await history(page)).toEqual([]);
});

test('without room in storage messages are sent from memory, and the app is told so', async ({ context, open, server, site }) => {
  const page = await open();
  await offline(page, server);
  expect(await page.evaluate('client.status.get().persistence')).toBe(true);
  const browser = await context.newCDPSession(page);
  await browser.send('Storage.overrideQuotaForOrigin', { origin: site.url, quotaSize: 1 });
  await send(page, 0, 2);
  await expect.poll(() => saved(page)).toBe(2);
  expect(await page.evaluate('client.status.get().persistence')).toBe(false);
  await server.start();
  await page.evaluate('client.reconnectNow()');
  await expect.poll(() => queued(page), { timeout: 30_000 }).toBe(0);
  expect(await history(page)).toEqual(numbered(2));
  await browser.send('Storage.overrideQuotaForOrigin', { origin: site.url });
  await send(page, 2, 3);
  await expect.poll(() => history(page)).toEqual(numbered(3));
  await expect.poll(() => page.evaluate('client.status.get().persistence')).toBe(true);
});

test('where the browser forbids storage, a client connects and sends all the same', async ({ open, server }) => {
  const page = await open();
  await page.evaluate("Object.defineProperty(globalThis, 'indexedDB', { get() { throw new DOMException('', 'SecurityError') } })");
  await signIn(page, server, 'ann');
  await expect.poll(() => state(page)).toBe('connected');
  expect(await page.evaluate('client.status.get().persistence')).toBe(false);
  await page.evaluate("client.room('general').open()");
  await page.evaluate("client.sendChatMessage('general', 'message 0').done");
  expect(await history(page)).toEqual(numbered(1));
});

test('what could not be kept outlives a close and a new connect', async ({ open, server }) => {
  const page = await open();
  await page.evaluate("Object.defineProperty(globalThis, 'indexedDB', { get() { throw new DOMException('', 'SecurityError') } })");
  await offline(page, server);
  await send(page, 0, 2);
  await expect.poll(() => saved(page)).toBe(2);
  await page.evaluate('client.close()');
  await server.start();
  await page.evaluate('client.connect()');
  await expect.poll(() => queued(page), { timeout: 30_000 }).toBe(0);
  expect(await history(page)).toEqual(numbered(2));
});

test('signing out before the client was ever connected erases what is kept', async ({ open, server }) => {
  const page = await open();
  await offline(page, server);
  await send(page, 0, 2);
  await expect.poll(() => saved(page)).toBe(2);
  await page.reload();
  expect(await rows(page)).toBe(2);
  await page.evaluate(
    async (options) => {
      const { TidingsClient } = await import('/node_modules/@tidings/client/dist/index.js' as string);
      new TidingsClient(options).close({ forget: true });
    },
    { url: server.url, token: token('ann') },
  );
  await expect.poll(() => rows(page)).toBe(0);
});

test('a refused message of an earlier page load is edited and sent', async ({ open, server }) => {
  const [ann, bob] = [await open(), await open()];
  await signIn(ann, server, 'ann');
  await expect.poll(() => state(ann)).toBe('connected');
  // Nobody has made the room yet.
  await ann.evaluate("client.sendChatMessage('general', 'to nobody').done.catch(() => undefined)");
  await ann.reload();
  await signIn(ann, server, 'ann');
  const shown = () =>
    ann.evaluate("client.room('general').messages.get().map(({ content, state, error }) => [content, state, error?.code])");
  await expect.poll(shown).toEqual([['to nobody', 'failed', 'NOT_A_MEMBER']]);
  await signIn(bob, server, 'bob');
  await bob.evaluate("client.room('general').open()");
  await expect.poll(() => bob.evaluate("client.room('general').members.get().length")).toBe(1);
  await ann.evaluate("client.room('general').open()");
  await expect.poll(() => ann.evaluate("client.room('general').members.get().length")).toBe(2);
  await ann.evaluate("client.revise(client.room('general').messages.get()[0].key, 'to everybody')");
  await expect.poll(shown).toEqual([['to everybody', 'sent', undefined]]);
  expect(await history(bob)).toEqual(['to everybody']);
});
