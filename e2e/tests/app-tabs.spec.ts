// Three tabs of the app in one browser, on one connection, while that is cut and its tab goes.
import type { BrowserContext } from '@playwright/test';

import { App, Person } from '../support/app.js';
import { expect, test } from '../support/fixtures.js';
import { waitForSlowPages } from '../support/patience.js';
import { Sockets } from '../support/sockets.js';

/** How often the connection is lost. */
const DROPS = 50;

async function threeTabs(context: BrowserContext, url: string): Promise<App[]> {
  await waitForSlowPages(context);
  const apps: App[] = [];
  for (let n = 0; n < 3; n += 1) {
    const page = await context.newPage();
    await page.goto(`${url}/?as=ann#room/general`);
    const app = new App(page);
    if (n === 0) await page.getByRole('button', { name: 'Join general' }).click();
    await expect(app.composer).toBeVisible({ timeout: 30_000 });
    await expect(page.locator('.td-room-sub')).toContainText('here');
    apps.push(app);
  }
  return apps;
}

/** All that the server has of the room, oldest first. */
async function history(reader: Person): Promise<string[]> {
  const all: string[] = [];
  for (let before = ''; ; ) {
    const page = await reader.call<{ messages: { content: string; seq: number }[]; hasMore: boolean }>(
      'GET',
      `/api/v1/rooms/general/messages?limit=200${before}`,
    );
    all.unshift(...page.messages.map((one) => one.content));
    if (!page.hasMore) return all;
    before = `&before=${page.messages[0]?.seq}`;
  }
}

const shown = (app: App) => app.messages.locator('.td-body').allTextContents();

/** Each tab shows as many messages, all of them confirmed. */
async function settle(apps: App[], count: number): Promise<void> {
  // By itself, a connection that is half open takes ten seconds to be found out, and an attempt that gets no answer twenty.
  const isSettled = (count: number) =>
    document.querySelectorAll('.td-message').length === count && !document.querySelector('.td-tick[data-tick="sending"]');
  await Promise.all(apps.map((app) => app.page.waitForFunction(isSettled, count, { timeout: 40_000 })));
}

/** Types and sends within the page: fifty times by real keys takes a minute by itself. */
async function write(app: App, text: string): Promise<void> {
  await app.composer.evaluate((field: HTMLTextAreaElement, text) => {
    field.value = text;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  }, text);
}

test('three tabs, fifty times cut off: each shows what the server has, once and in order', async ({ context, server, link }) => {
  test.setTimeout(180_000);
  const reader = await Person.signIn(server.url, 'bob');
  await reader.createRoom('general', 'General');
  const sockets = new Sockets(context);
  const apps = await threeTabs(context, link.url);
  expect(sockets.holders).toHaveLength(1);

  const sent: string[] = [];
  const began = Date.now();
  for (let round = 0; round < DROPS; round += 1) {
    // The browser's own switch tells the page and stops new requests; a WebSocket it leaves alone, and now and then keeps the
    // cable's end from it: then the connection is half open, and found by the ping that follows the network's return.
    const isOffline = round % 2 === 1;
    if (isOffline) await context.setOffline(true);
    expect(link.cut(), 'there was something to cut').toBeGreaterThan(0);
    await Promise.all(apps.map((app, n) => write(app, `round ${round}, tab ${n}`)));
    sent.push(...apps.map((_, n) => `round ${round}, tab ${n}`));
    link.mend();
    // Back at once in place of after a wait: the network says so, or somebody looks at the page.
    if (isOffline) await context.setOffline(false);
    else await Promise.all(apps.map((app) => app.page.evaluate(() => dispatchEvent(new Event('pageshow')))));
    await settle(apps, sent.length);
  }
  console.log(`${DROPS} drops in ${Math.round((Date.now() - began) / 1000)} s`);
  expect(sent).toHaveLength(DROPS * 3);
  // Where a WebSocket was lost too often, a tab takes the fallback for a while.
  expect(sockets.opened).toBeGreaterThan(DROPS / 2);
  const log = await history(reader);
  expect([...log].sort()).toEqual([...sent].sort());
  for (const app of apps) expect(await shown(app)).toEqual(log);
  // By whichever tab it went, nobody sent it twice; what was cut off unanswered went once more by the next connection.
  expect(sockets.sends.size).toBe(sent.length);
  expect(sockets.doubled).toEqual([]);
  expect(sockets.needless).toEqual([]);
});

test('the tab that has the connection goes: the others send what they have, once', async ({ context, server }) => {
  const reader = await Person.signIn(server.url, 'bob');
  await reader.createRoom('general', 'General');
  const sockets = new Sockets(context);
  const apps = await threeTabs(context, server.url);
  await Promise.all(apps.map((app, n) => app.send(`before, tab ${n}`)));
  await settle(apps, 3);
  const leader = apps.find((app) => app.page === sockets.holders[0]);
  await leader?.page.close();
  const rest = apps.filter((app) => app !== leader);
  await Promise.all(rest.map((app) => app.send('after the first has gone')));
  await settle(rest, 5);
  const log = await history(reader);
  expect(log).toHaveLength(5);
  for (const app of rest) expect(await shown(app)).toEqual(log);
  expect(sockets.holders).toHaveLength(1);
  // No connection was lost with a message on it: each was written to a socket once, and no other tab wrote it again.
  expect([...sockets.sends.values()]).toEqual([1, 1, 1, 1, 1]);
});
