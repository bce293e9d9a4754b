// One connection for all tabs of a user: who has it, what the others see of it, and what happens when its tab is gone.
import type { Page } from '@playwright/test';

import { token } from '../support/example.js';
import { holdRequest } from '../support/held.js';
import { mayFreeze, waitForSlowPages } from '../support/patience.js';
import { expect, test as base } from '../support/sdk.js';
import { Sockets } from '../support/sockets.js';
import { Streams } from '../support/streams.js';

type Tab = (userId?: string, options?: object) => Promise<Page>;

const test = base.extend<{ sockets: Sockets; streams: Streams; tab: Tab }>({
  sockets: async ({ context }, use) => {
    await use(new Sockets(context));
  },
  streams: async ({ context }, use) => {
    await use(new Streams(context));
  },
  // A tab in which `client` is connected and in the room `general`, and `greeted` is when it was last greeted.
  tab: async ({ context, open, server, sockets }, use) => {
    expect(sockets.opened).toBe(0);
    await waitForSlowPages(context);
    await use(async (userId = 'ann', options = {}) => {
      const page = await open();
      await page.evaluate(
        async (options) => {
          const { TidingsClient } = await import('/node_modules/@tidings/client/dist/index.js' as string);
          const client = new TidingsClient(options);
          Object.assign(globalThis, { client, greeted: 0, seen: [], gaps: 0 });
          client.on('connectionEstablished', () => Object.assign(globalThis, { greeted: Date.now() }));
          client.on('chatMessage', ({ seq }: { seq: number }) => (globalThis as unknown as { seen: number[] }).seen.push(seq));
          client.on('gap', () => Object.assign(globalThis, { gaps: 1 }));
          await client.connect();
          await client.room('general').open();
        },
        { url: server.url, token: token(userId), ...options },
      );
      await expect.poll(() => page.evaluate("client.room('general').members.get().length")).toBeGreaterThan(0);
      return page;
    });
  },
});

const state = (page: Page) => page.evaluate<string>('client.state');
const send = (page: Page, text: string) => page.evaluate((text) => eval('client').sendChatMessage('general', text).done.then(() => text), text);
const shown = (page: Page) =>
  page.evaluate<string[]>("client.room('general').messages.get().filter((one) => one.state === 'sent').map((one) => one.content)");
const sent = (page: Page) =>
  page.evaluate<{ clientId: string; content: string }[]>(
    "client.request('GET', '/api/v1/rooms/general/messages?limit=200').then(({ messages }) => messages)",
  );
const history = async (page: Page) => (await sent(page)).map(({ content }) => content);
/** What was told of new messages: in the order of the log, each once. */
const inOrder = (page: Page) => page.evaluate<boolean>('gaps === 0 && seen.every((seq, n) => n === 0 || seq === seen[n - 1] + 1)');

async function agree(tabs: Page[], count: number): Promise<void> {
  for (const tab of tabs) {
    await expect.poll(() => shown(tab), { timeout: 20_000 }).toHaveLength(count);
    expect(await shown(tab)).toEqual(await history(tab));
    expect(await inOrder(tab)).toBe(true);
  }
}

test('three tabs have one connection, and what each of them sends is in each of them once', async ({ tab, sockets }) => {
  const tabs = [await tab(), await tab(), await tab()];
  expect(sockets.opened, 'one WebSocket for three tabs').toBe(1);
  for (const n of [0, 1, 2]) await Promise.all(tabs.map((one, at) => send(one, `${at} says ${n}`)));
  await agree(tabs, 9);
  const bob = await tab('bob');
  expect(sockets.opened, 'another user, another connection').toBe(2);
  await send(bob, 'hello');
  await agree(tabs, 10);
  // Leaving is each tab's own business; what one tab has read, all have.
  await tabs[1].evaluate("client.markRead('general', 10)");
  for (const one of [tabs[0], tabs[2]]) {
    await expect.poll(() => one.evaluate("client.rooms.unread.get().general ?? 0")).toBe(0);
  }
  await tabs[2].evaluate("client.leaveRoom('general')");
  await send(bob, 'still there?');
  await agree(tabs.slice(0, 2), 11);
  expect([...sockets.sends.values()], 'what one tab sent, no other one sent').toEqual(Array(11).fill(1));
});

test('with sharing off, each tab has a connection of its own', async ({ tab, sockets }) => {
  const tabs = [await tab('ann', { sharedConnection: false }), await tab('ann', { sharedConnection: false }), await tab('ann')];
  expect(sockets.opened).toBe(3);
  await Promise.all(tabs.map((one, at) => send(one, `hello from ${at}`)));
  await agree(tabs, 3);
  expect([...sockets.sends.values()]).toEqual([1, 1, 1]);
});

for (const way of ['closed', 'crashed'] as const) {
  test(`the tab with the connection is ${way} in the middle of its sending: within a second another one has it`, async ({
    tab,
    sockets,
  }) => {
    const tabs = [await tab(), await tab(), await tab()];
    const [first, ...rest] = tabs;
    expect(sockets.holders).toEqual([first]);
    await Promise.all(tabs.map((one, at) => send(one, `before ${at}`)));
    // Kept, and on its way or not.
    await first.evaluate("for (let n = 0; n < 150; n++) client.sendChatMessage('general', 'from the first ' + n)");
    await first.waitForFunction('client.queued < 150');
    for (const one of rest) {
      await one.evaluate("globalThis.before = greeted; for (let n = 0; n < 5; n++) client.sendChatMessage('general', 'meanwhile ' + n)");
    }
    const at = Date.now();
    if (way === 'closed') {
      await first.close();
    } else {
      const crashed = first.waitForEvent('crash');
      first.goto('chrome://crash').catch(() => undefined);
      await crashed;
    }
    for (const one of rest) await one.waitForFunction('greeted > before');
    const took = Math.max(...(await Promise.all(rest.map((one) => one.evaluate<number>('greeted'))))) - at;
    console.log(`hand-over after the tab was ${way}: ${took} ms`);
    expect(took).toBeLessThan(1000);
    expect(sockets.holders).toHaveLength(1);
    // What the first one left, another one sends.
    await agree(rest, 3 + 150 + 10);
    const all = await history(rest[0]);
    const from = (who: string) => all.filter((one) => one.startsWith(who));
    expect(from('from the first')).toEqual(Array.from({ length: 150 }, (_, n) => `from the first ${n}`));
    expect(new Set(all.filter((one) => !one.startsWith('meanwhile'))).size).toBe(153);
    // What was on its way when the tab went is sent once more by the next connection, under its id and by one tab only. Of
    // the last frames of a tab that goes, its browser may not tell: those are in the history all the same.
    const untold = (await sent(rest[0])).filter(({ clientId }) => !sockets.sends.has(clientId));
    expect(untold.filter(({ content }) => !content.startsWith('from the first'))).toEqual([]);
    expect(sockets.sends.size + untold.length).toBe(163);
    expect(sockets.doubled).toEqual([]);
  });
}

test('a hidden tab gives the connection to one that is looked at', async ({ tab, sockets }) => {
  const [first, second] = [await tab(), await tab()];
  expect(sockets.holders).toEqual([first]);
  await first.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await expect.poll(() => sockets.holders.length === 1 && sockets.holders[0] === second).toBe(true);
  for (const one of [first, second]) await expect.poll(() => state(one)).toBe('connected');
  await Promise.all([send(first, 'hidden'), send(second, 'seen')]);
  await agree([first, second], 2);
});

test('a tab that has the connection and does not answer, as a frozen one, holds up nobody', async ({ tab, sockets }) => {
  const first = await tab();
  await mayFreeze(first);
  // It stands still until this answer comes.
  const answer = await holdRequest(first, '**/frozen');
  const frozen = first.evaluate(() => {
    const request = new XMLHttpRequest();
    request.open('GET', '/frozen', false);
    request.send();
  });
  await answer.given;
  const second = await tab();
  expect(sockets.opened).toBe(2);
  await send(second, 'hello');
  answer.release();
  await frozen;
  await expect.poll(() => sockets.holders.length === 1 && sockets.holders[0] === second).toBe(true);
  await expect.poll(() => state(first)).toBe('connected');
  await agree([first, second], 1);
});

test('without a server all tabs wait for the same attempt, and any of them can ask for it now', async ({ tab, server, sockets }) => {
  const tabs = [await tab(), await tab(), await tab()];
  // What each of them waits for is noted: it passes.
  type Wait = { nextRetryAt: number | null; attempts: number; transport: string };
  for (const one of tabs) await one.evaluate('globalThis.waits = []; void client.status.subscribe((status) => waits.push(status))');
  await server.kill();
  for (const one of tabs) await expect.poll(() => state(one)).toBe('reconnecting');
  const shared = async () => {
    const [first, ...others] = await Promise.all(tabs.map((one) => one.evaluate<Wait[]>('waits')));
    return first.some((wait) => {
      const { attempts, nextRetryAt, transport } = wait;
      if (nextRetryAt === null || transport !== 'websocket') return false;
      const isSame = (other: Wait) =>
        other.attempts === attempts &&
        other.transport === transport &&
        other.nextRetryAt !== null &&
        Math.abs(other.nextRetryAt - nextRetryAt) < 100;
      return others.every((waits) => waits.some(isSame));
    });
  };
  await expect.poll(shared, { timeout: 20_000 }).toBe(true);
  await server.start();
  // Again and again: an attempt that is under way is not one that is asked for, and may have begun before the start.
  const ask = async () => {
    await tabs[2].evaluate('client.reconnectNow()');
    return Promise.all(tabs.map(state));
  };
  await expect.poll(ask).toEqual(Array(3).fill('connected'));
  expect(sockets.holders).toHaveLength(1);
  await send(tabs[1], 'back');
  await agree(tabs, 1);
});

test('where no WebSocket gets through, eight tabs share one stream, and another one has it within a second', async ({
  tab,
  context,
  streams,
}) => {
  await context.routeWebSocket(/\/ws\/chat/, (socket) => void socket.close());
  const tabs: Page[] = [];
  for (let n = 0; n < 8; n++) tabs.push(await tab());
  const [first, ...rest] = tabs;
  expect(streams.holders, 'over HTTP/1.1, six would take all connections').toEqual([first]);
  for (const one of tabs) expect(await one.evaluate('client.status.get().transport')).toBe('stream');
  for (const n of [0, 1]) await Promise.all(tabs.map((one, at) => send(one, `${at} by a stream ${n}`)));
  await agree(tabs, 16);
  expect(streams.holders).toEqual([first]);

  await Promise.all(rest.map((one) => one.evaluate('void (globalThis.before = greeted)')));
  const at = Date.now();
  await first.close();
  for (const one of rest) await one.waitForFunction('greeted > before');
  const took = Math.max(...(await Promise.all(rest.map((one) => one.evaluate<number>('greeted'))))) - at;
  console.log(`hand-over of a stream: ${took} ms`);
  expect(took).toBeLessThan(1000);
  await Promise.all(rest.map((one, at) => send(one, `${at} afterwards`)));
  await agree(rest, 23);
  for (const one of rest) expect(await one.evaluate('client.status.get().transport')).toBe('stream');
  expect(streams.holders).toHaveLength(1);
});

test('where neither WebSockets nor streams get through, tabs share polls', async ({ tab, context, streams }) => {
  await context.routeWebSocket(/\/ws\/chat/, (socket) => void socket.close());
  const headers = { 'access-control-allow-origin': '*' };
  await context.route('**/api/v1/realtime/stream', (route) => route.fulfill({ status: 404, headers, body: 'no such page' }));
  const polls = new Set<Page>();
  context.on('request', (request) => {
    if (request.url().endsWith('/api/v1/realtime/poll')) polls.add(request.frame().page());
  });
  const tabs = [await tab(), await tab(), await tab()];
  for (const one of tabs) expect(await one.evaluate('client.status.get().transport')).toBe('poll');
  for (const n of [0, 1]) await Promise.all(tabs.map((one, at) => send(one, `${at} by polls ${n}`)));
  await agree(tabs, 6);
  expect([...polls]).toEqual([tabs[0]]);
  expect(streams.holders).toHaveLength(0);
});
